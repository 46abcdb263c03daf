//! The drawing of rows.

use rand::Rng;
use rand_distr::Distribution;
use rayon::prelude::*;

use super::entities::Assignment;
use super::income::Character;
use super::random::{Purpose, Random, normal};
use super::row::{MISSING, Row};
use super::tables::household::{HUSBAND, WIFE, household};
use super::tables::person::{
    FEMALE, MALE_SHARE, YOUNGEST, life_stage, origin, schooling_level, schooling_stage,
};
use super::tables::work::{OCCUPATIONS, week};
use super::tables::{TABLES, Tables};

const MISSING_WORK: f64 = 0.07;
const MISSING_COUNTRY: f64 = 0.02;

/// Makes rows: the checked parameters with the tables and keys that follow from them.
pub(super) struct Sampler {
    tables: &'static Tables,
    row_key: u64,
    character_key: u64,
    assignment: Option<Assignment>,
    missing: bool,
}

impl Sampler {
    /// A sampler of the rows of one seed, without entities if there is no assignment.
    pub fn new(seed: u64, assignment: Option<Assignment>, missing: bool) -> Self {
        Self {
            tables: &TABLES,
            row_key: Purpose::Row.key(seed),
            character_key: Purpose::Character.key(seed),
            assignment,
            missing,
        }
    }

    /// The rows from `start` to `start + len`.
    pub fn rows(&self, start: u64, len: usize) -> Vec<Row> {
        (0..len)
            .into_par_iter()
            .map(|offset| self.row(start + offset as u64))
            .collect()
    }

    /// The row of this number.
    pub fn row(&self, index: u64) -> Row {
        let random = &mut Random::new(self.row_key, index);
        let mut row = self.person(random);
        let mut character = Character::AVERAGE;
        if let Some(assignment) = &self.assignment {
            row.entity = assignment.entity(index);
            character = Character::new(&mut Random::new(self.character_key, row.entity));
        }
        row.income = u8::from(random.random_bool(row.chance(&character)));

        // Drawn last and always, so that a complete row differs in nothing else.
        let lacks_work = random.random_bool(MISSING_WORK);
        let lacks_country = random.random_bool(MISSING_COUNTRY);
        if self.missing && lacks_work {
            row.workclass = MISSING;
            row.occupation = MISSING;
        }
        if self.missing && lacks_country {
            row.country = MISSING;
        }
        row
    }

    /// All features, each drawn by weights that depend on some of those before it.
    fn person(&self, random: &mut Random) -> Row {
        let tables = self.tables;
        let age = YOUNGEST + tables.age.sample(random) as i16;
        let sex = usize::from(random.random_bool(MALE_SHARE));
        let education = tables.education[schooling_stage(age)].sample(random);
        let race = tables.race.sample(random);
        let country = tables.country[origin(race)].sample(random);
        let marital_status = tables.marital_status[life_stage(age)][sex].sample(random);
        let household = household(marital_status, age);
        let relationship = match tables.relationship[household].sample(random) {
            HUSBAND if sex == FEMALE => WIFE,
            relationship => relationship,
        };
        let occupation = tables.occupation[schooling_level(education)][sex].sample(random);
        let employer = OCCUPATIONS[occupation].employer;
        let workclass = tables.workclass[employer].sample(random);
        let hours = 1 + tables.hours[week(age, workclass, occupation)].sample(random) as i16;
        let (capital_gain, capital_loss) = capital(age, education, random);
        Row {
            entity: 0,
            final_weight: final_weight(random),
            capital_gain,
            capital_loss,
            age,
            hours,
            workclass: workclass as u8,
            education: education as u8,
            marital_status: marital_status as u8,
            occupation: occupation as u8,
            relationship: relationship as u8,
            race: race as u8,
            sex: sex as u8,
            country: country as u8,
            income: 0,
        }
    }
}

/// How many people a row stands for: log-normal, about 160,000 in the middle.
fn final_weight(random: &mut Random) -> i32 {
    (11.98 + 0.55 * normal(random))
        .exp()
        .clamp(12_000.0, 1_450_000.0) as i32
}

/// Gain and loss in dollars, of which at least one is zero. Amounts lie on a grid, because real
/// ones repeat.
fn capital(age: i16, education: usize, random: &mut Random) -> (i32, i32) {
    let advantage = f64::from(age.clamp(20, 50) - 20) * 0.0013 + education as f64 * 0.0062;
    let lot: f64 = random.random();
    if lot < advantage {
        let step = (((8.75 + 0.85 * normal(random)) * 20.0).round() / 20.0).exp();
        let gain = if step > 42_000.0 { 99_999.0 } else { step };
        (gain.max(110.0) as i32, 0)
    } else if lot > 0.953 {
        let step = ((1_900.0 + 330.0 * normal(random)) / 17.0).round() * 17.0;
        (0, step.clamp(155.0, 4_360.0) as i32)
    } else {
        (0, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::entities::Skew;
    use super::super::field::FIELDS;
    use super::super::field::FieldKind::Text;
    use super::*;

    fn share(rows: &[Row], chosen: impl Fn(&Row) -> bool) -> f64 {
        rows.iter().filter(|row| chosen(row)).count() as f64 / rows.len() as f64
    }

    fn many_rows() -> Vec<Row> {
        Sampler::new(0, None, true).rows(0, 200_000)
    }

    #[test]
    fn complete_fills_the_gaps_and_changes_nothing_else() {
        let rows = Sampler::new(0, None, true).rows(0, 5_000);
        let complete = Sampler::new(0, None, false).rows(0, 5_000);
        for (row, full) in rows.iter().zip(&complete) {
            assert!(
                full.workclass != MISSING && full.occupation != MISSING && full.country != MISSING
            );
            assert_eq!(row.workclass == MISSING, row.occupation == MISSING);
            assert!(row.workclass == MISSING || row.workclass == full.workclass);
            assert!(row.country == MISSING || row.country == full.country);
            assert_eq!(
                (row.age, row.final_weight, row.income),
                (full.age, full.final_weight, full.income)
            );
        }
    }

    #[test]
    fn categories_have_roughly_the_frequencies_of_adult() {
        let rows = many_rows();
        let near = |value: f64, wanted: f64, margin: f64| {
            assert!(
                (value - wanted).abs() < margin,
                "{value} is not near {wanted}"
            );
        };
        near(share(&rows, |row| row.income == 1), 0.24, 0.01);
        near(share(&rows, |row| row.country == 0), 0.89, 0.01);
        near(share(&rows, |row| row.country == MISSING), 0.02, 0.003);
        near(share(&rows, |row| row.workclass == MISSING), 0.07, 0.005);
        near(share(&rows, |row| row.workclass == 0), 0.70, 0.03);
        near(share(&rows, |row| row.marital_status == 0), 0.46, 0.03);
        near(share(&rows, |row| row.education == 8), 0.32, 0.02);
        near(share(&rows, |row| row.capital_gain > 0), 0.08, 0.02);
        near(share(&rows, |row| row.capital_loss > 0), 0.047, 0.005);
        near(share(&rows, |row| row.hours == 40), 0.46, 0.05);
        for field in &FIELDS {
            if let Text(category, text) = field.kind {
                let categories = (0..).map(text).take_while(Option::is_some).count();
                for code in 0..categories {
                    let found = rows.iter().any(|row| usize::from(category(row)) == code);
                    assert!(found, "{} {:?} never occurs", field.name, text(code));
                }
            }
        }
    }

    #[test]
    fn income_depends_on_the_features() {
        let rows = many_rows();
        let positive = |education| {
            let degree: Vec<Row> = rows
                .iter()
                .filter(|row| row.education == education)
                .copied()
                .collect();
            share(&degree, |row| row.income == 1)
        };
        let (preschool, doctorate) = (positive(0), positive(15));
        assert!(preschool < 0.05, "{preschool}");
        assert!(doctorate > 0.60, "{doctorate}");
    }

    #[test]
    fn income_depends_on_the_entity() {
        let assignment = Assignment::new(100_000, 50, Skew::Even, 0).unwrap();
        let sampler = Sampler::new(0, Some(assignment), true);
        let mut positive = [0; 50];
        for row in sampler.rows(0, 100_000) {
            positive[row.entity as usize] += u64::from(row.income);
        }
        let (least, most) = (
            positive.iter().min().unwrap(),
            positive.iter().max().unwrap(),
        );
        assert!(*most > 2 * least, "{least} to {most} of 2,000 rows");
    }
}
