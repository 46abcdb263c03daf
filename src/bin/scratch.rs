//! A notebook in one file: numbered cells, each a short function on the public API that prints what
//! it shows. Copy a cell, change it, run it.
//!
//! ```text
//! cargo run --release --features scratch --bin scratch              # all cells on the fixture
//! cargo run --release --features scratch --bin scratch -- 2 4       # chosen cells
//! cargo run --release --features scratch --bin scratch -- --list    # their names
//! cargo run --release --features scratch --bin scratch -- --input adult.data 3
//! ```

use std::io::Write;

use clap::Parser;
use per_entity::encode::{EncodedPartition, EncoderScratch, OneHot};
use per_entity::evaluate::Evaluator;
use per_entity::source::Source;
use per_entity::store::MemoryDirectory;
use per_entity::table::{Input, Query, Table};
use per_entity::train::{Trainer, TrainerScratch};
use per_entity::tree::DecisionTreeParams;
use per_entity::{Cancel, CartTrainer, DatasetSpec, Model, Predictor, Store, Training};
use polars::prelude::*;

type Cell = fn(&Notebook) -> Result<(), Box<dyn std::error::Error>>;

const CELLS: [(&str, Cell); 9] = [
    ("scan the input and show its schema", scan),
    ("count what the filter keeps", filter),
    ("partition sizes", partitions),
    ("one partition as numbers", encode),
    ("one entity's tree as text", tree),
    ("predictions on a few rows", predict),
    ("a store, written and read back", store),
    ("rows of many entities, each by its own model", predict_all),
    ("how good the models are", evaluation),
];

/// Numbered cells that show what the library does.
#[derive(Parser)]
struct Notebook {
    /// The cells to run [default: all]
    cells: Vec<usize>,

    /// List the cells
    #[arg(long)]
    list: bool,

    /// A file in Adult's shape
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/adult-sample.csv"))]
    input: String,
}

/// Prints a line; the cell ends where nobody reads on.
macro_rules! show {
    ($($line:tt)*) => {
        writeln!(std::io::stdout(), $($line)*)?
    };
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    match run(&Notebook::parse()) {
        Err(error) if is_broken_pipe(&*error) => Ok(()),
        result => result,
    }
}

fn is_broken_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    let error = error.downcast_ref::<std::io::Error>();
    error.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

fn run(notebook: &Notebook) -> Result<(), Box<dyn std::error::Error>> {
    for (number, (name, cell)) in (1..).zip(CELLS) {
        if notebook.list {
            show!("{number}  {name}");
        } else if notebook.cells.is_empty() || notebook.cells.contains(&number) {
            show!("── [{number}] {name}");
            cell(notebook)?;
            show!();
        }
    }
    Ok(())
}

impl Notebook {
    fn spec(&self) -> DatasetSpec {
        DatasetSpec::adult()
    }

    fn source(&self) -> per_entity::Result<Source> {
        Source::open(std::slice::from_ref(&self.input), None, &self.spec())
    }

    fn input(&self) -> per_entity::Result<Input> {
        Ok(self.source()?.into())
    }

    fn table(&self) -> per_entity::Result<Table> {
        Table::load(&self.input()?, &self.spec(), &Cancel::new())
    }

    fn trainer(&self) -> per_entity::Result<CartTrainer> {
        let params = DecisionTreeParams::new().max_depth(Some(3));
        Ok(CartTrainer::new(params)?)
    }

    /// A store in memory with a model for each entity.
    fn store(&self) -> per_entity::Result<Store> {
        let directory = MemoryDirectory::new();
        Training::new(self.spec(), self.trainer()?).run(self.source()?, &directory)?;
        Store::open(&directory)
    }

    fn model(&self, table: &Table) -> Result<Model, Box<dyn std::error::Error>> {
        let encoded = EncodedPartition::new(&table.partition(0), &mut EncoderScratch::default());
        let mut scratch = TrainerScratch::default();
        let fitted = self.trainer()?.train(&encoded, &mut scratch)?;
        let names: Vec<&str> = table.features().iter().map(|f| f.name.as_str()).collect();
        Ok(fitted.model(table.partition(0).key(), &names, encoded.encoder()))
    }
}

fn scan(notebook: &Notebook) -> Result<(), Box<dyn std::error::Error>> {
    let query = Query::new(&notebook.input()?, &notebook.spec())?;
    for column in query.columns() {
        show!("{:16} {}", column.name, column.column_type);
    }
    show!("{}", notebook.source()?.rows()?.limit(3).collect()?);
    Ok(())
}

fn filter(notebook: &Notebook) -> Result<(), Box<dyn std::error::Error>> {
    let query = Query::new(&notebook.input()?, &notebook.spec())?;
    show!("{}", query.explain()?);
    let table = notebook.table()?;
    show!("{} rows read, {} kept", table.rows_read(), table.rows());
    for (reason, rows) in table.left_out().reasons() {
        show!("{rows:8} left out: {reason}");
    }
    Ok(())
}

fn partitions(notebook: &Notebook) -> Result<(), Box<dyn std::error::Error>> {
    for partition in notebook.table()?.partitions() {
        show!("{:16} rows {:?}", partition.key(), partition.range());
    }
    Ok(())
}

fn encode(notebook: &Notebook) -> Result<(), Box<dyn std::error::Error>> {
    let table = notebook.table()?;
    let encoded = EncodedPartition::new(&table.partition(0), &mut EncoderScratch::default());
    for (feature, column) in table.features().iter().zip(encoded.codes().columns()) {
        let codes: Vec<u32> = (0..encoded.rows().min(8))
            .map(|row| column.codes.get(row))
            .collect();
        show!(
            "{:16} {:3} values, codes {codes:?} …",
            feature.name,
            column.cardinality
        );
    }
    show!(
        "labels {:?}",
        encoded.encoder().classes().collect::<Vec<_>>()
    );
    show!(
        "as a dense matrix: {:?}",
        OneHot::new(&encoded).matrix.shape()
    );
    Ok(())
}

fn tree(notebook: &Notebook) -> Result<(), Box<dyn std::error::Error>> {
    let model = notebook.model(&notebook.table()?)?;
    show!("{}", model.key());
    let tree = model.tree().ok_or("no tree")?;
    for node in 0..tree.node_count() {
        show!("{node:3} {:?}", tree.test(node));
    }
    Ok(())
}

fn predict(notebook: &Notebook) -> Result<(), Box<dyn std::error::Error>> {
    let model = notebook.model(&notebook.table()?)?;
    let query = Query::new(&notebook.input()?, &notebook.spec())?;
    let of_entity = col("education").cast(DataType::String).eq(lit(model.key()));
    let rows = query.frame().clone().filter(of_entity).limit(5).collect()?;
    let probabilities = model.predict_proba(&rows)?;
    for (row, prediction) in model.predict(&rows)?.into_iter().enumerate() {
        show!("{prediction:6} {:.3}", probabilities.row(row));
    }
    Ok(())
}

fn store(notebook: &Notebook) -> Result<(), Box<dyn std::error::Error>> {
    let store = notebook.store()?;
    for record in store.records()? {
        let model = store.model(&record.key)?;
        show!(
            "{:16} {:4} bytes, depth {}",
            record.key,
            record.model_bytes(),
            model.depth()
        );
    }
    Ok(())
}

fn predict_all(notebook: &Notebook) -> Result<(), Box<dyn std::error::Error>> {
    let rows = notebook.source()?.rows()?.limit(8).collect()?;
    let predicted = Predictor::new(notebook.store()?)?.predict(&rows)?;
    show!(
        "{}",
        predicted.select(["education", "income", "prediction", "model"])?
    );
    Ok(())
}

fn evaluation(notebook: &Notebook) -> Result<(), Box<dyn std::error::Error>> {
    let report = Evaluator::new(notebook.store()?).run(notebook.source()?)?;
    show!("{}", serde_json::to_string_pretty(&report.overall)?);
    Ok(())
}
