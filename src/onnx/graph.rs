//! A graph of operators in the making.

use std::collections::HashSet;

use super::proto::{
    Attribute, AttributeType, Dimension, ElementType, Graph, Node, Shape, Tensor, TensorType, Type,
    ValueInfo,
};

/// The operators of machine learning.
pub(super) const MACHINE_LEARNING: &str = "ai.onnx.ml";

/// What inputs and outputs have one of for each row.
const ROWS: &str = "rows";

/// A graph of operators in the making. A value goes by its name, which no other has.
pub(super) struct GraphBuilder {
    graph: Graph,
    taken: HashSet<String>,
}

impl GraphBuilder {
    /// `name` is for those who look into the graph.
    pub fn new(name: &str) -> Self {
        Self {
            graph: Graph {
                name: name.to_owned(),
                ..Graph::default()
            },
            taken: HashSet::new(),
        }
    }

    /// Takes a column, `[rows, 1]`, of exactly this name.
    pub fn input(&mut self, name: &str, element: ElementType, description: &str) {
        self.taken.insert(name.to_owned());
        let info = value_info(name, element, Some(1), description);
        self.graph.input.push(info);
    }

    /// Gives a value out, `[rows]` or `[rows, width]`, by a name that begins with this.
    pub fn output(&mut self, name: &str, value: &str, element: ElementType, width: Option<usize>) {
        let name = self.free(name);
        self.push("Identity", "", &[value], vec![], name.clone());
        let info = value_info(&name, element, width, "");
        self.graph.output.push(info);
    }

    /// A value that is the same for all rows.
    pub fn constant(&mut self, tensor: Tensor) -> String {
        let name = self.free("constant");
        self.graph.initializer.push(Tensor {
            name: name.clone(),
            ..tensor
        });
        name
    }

    /// What an operator makes of values.
    pub fn apply(&mut self, operator: &str, inputs: &[&str], attributes: Vec<Attribute>) -> String {
        let name = self.free(operator);
        self.push(operator, "", inputs, attributes, name.clone());
        name
    }

    /// What an operator of machine learning makes of a value.
    pub fn apply_machine_learning(
        &mut self,
        operator: &str,
        input: &str,
        attributes: Vec<Attribute>,
    ) -> String {
        let name = self.free(operator);
        self.push(
            operator,
            MACHINE_LEARNING,
            &[input],
            attributes,
            name.clone(),
        );
        name
    }

    /// A value in another shape; -1 stands for what is left.
    pub fn reshape(&mut self, value: &str, shape: &[i64]) -> String {
        let shape = self.constant(integers(&[shape.len()], shape));
        self.apply("Reshape", &[value, &shape], vec![])
    }

    /// A value in another type.
    pub fn cast(&mut self, value: &str, to: ElementType) -> String {
        self.apply("Cast", &[value], vec![integer("to", to as i64)])
    }

    pub fn finish(self) -> Graph {
        self.graph
    }

    fn push(
        &mut self,
        operator: &str,
        domain: &str,
        inputs: &[&str],
        attribute: Vec<Attribute>,
        output: String,
    ) {
        self.graph.node.push(Node {
            input: inputs.iter().map(|&name| name.to_owned()).collect(),
            name: output.clone(),
            output: vec![output],
            op_type: operator.to_owned(),
            attribute,
            domain: domain.to_owned(),
        });
    }

    /// A name that no value has; features may have any.
    fn free(&mut self, base: &str) -> String {
        let mut name = base.to_owned();
        let mut number = 1;
        while !self.taken.insert(name.clone()) {
            number += 1;
            name = format!("{base}_{number}");
        }
        name
    }
}

fn value_info(
    name: &str,
    element: ElementType,
    width: Option<usize>,
    description: &str,
) -> ValueInfo {
    let rows = Dimension {
        dim_value: None,
        dim_param: Some(ROWS.to_owned()),
    };
    let width = width.map(|width| Dimension {
        dim_value: Some(width as i64),
        dim_param: None,
    });
    let tensor = TensorType {
        elem_type: element as i32,
        shape: Some(Shape {
            dim: [rows].into_iter().chain(width).collect(),
        }),
    };
    ValueInfo {
        name: name.to_owned(),
        r#type: Some(Type {
            tensor_type: Some(tensor),
        }),
        doc_string: description.to_owned(),
    }
}

pub(super) fn integer(name: &str, value: i64) -> Attribute {
    Attribute {
        name: name.to_owned(),
        i: Some(value),
        r#type: AttributeType::Int as i32,
        ..Attribute::default()
    }
}

pub(super) fn integer_list(name: &str, values: impl Iterator<Item = i64>) -> Attribute {
    Attribute {
        name: name.to_owned(),
        ints: values.collect(),
        r#type: AttributeType::Ints as i32,
        ..Attribute::default()
    }
}

pub(super) fn text_list(name: &str, values: Vec<String>) -> Attribute {
    Attribute {
        name: name.to_owned(),
        strings: values,
        r#type: AttributeType::Strings as i32,
        ..Attribute::default()
    }
}

pub(super) fn tensor(name: &str, value: Tensor) -> Attribute {
    Attribute {
        name: name.to_owned(),
        t: Some(value),
        r#type: AttributeType::Tensor as i32,
        ..Attribute::default()
    }
}

pub(super) fn doubles(shape: &[usize], values: &[f64]) -> Tensor {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes());
    numbers(shape, ElementType::Double, bytes.collect())
}

pub(super) fn integers(shape: &[usize], values: &[i64]) -> Tensor {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes());
    numbers(shape, ElementType::Int64, bytes.collect())
}

pub(super) fn bytes(shape: &[usize], values: Vec<u8>) -> Tensor {
    numbers(shape, ElementType::Uint8, values)
}

pub(super) fn texts(values: &[&str]) -> Tensor {
    Tensor {
        dims: vec![values.len() as i64],
        data_type: ElementType::String as i32,
        string_data: values.iter().map(|text| text.as_bytes().to_vec()).collect(),
        ..Tensor::default()
    }
}

fn numbers(shape: &[usize], element: ElementType, raw: Vec<u8>) -> Tensor {
    Tensor {
        dims: shape.iter().map(|&size| size as i64).collect(),
        data_type: element as i32,
        raw_data: Some(raw),
        ..Tensor::default()
    }
}
