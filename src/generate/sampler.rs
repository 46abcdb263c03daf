//! The drawing of rows.

use rand::{Rng, RngCore};
use rand_distr::Distribution;
use rayon::prelude::*;

use super::entities::Assignment;
use super::gaps::Gaps;
use super::income::Character;
use super::random::{Purpose, Random, normal};
use super::row::Row;
use super::tables::household::{HUSBAND, WIFE, household};
use super::tables::person::{
    FEMALE, MALE_SHARE, YOUNGEST, life_stage, origin, schooling_level, schooling_stage,
};
use super::tables::work::{OCCUPATIONS, week};
use super::tables::{TABLES, Tables};
use crate::schema::Task;

/// Makes rows: the checked parameters with the tables and keys that follow from them.
pub(super) struct Sampler {
    tables: &'static Tables,
    row_key: u64,
    character_key: u64,
    task: Task,
    assignment: Option<Assignment>,
    gaps: Gaps,
}

impl Sampler {
    /// A sampler of the rows of one seed, without entities if there is no assignment.
    pub fn new(seed: u64, task: Task, assignment: Option<Assignment>, gaps: Gaps) -> Self {
        Self {
            tables: &TABLES,
            row_key: Purpose::Row.key(seed),
            character_key: Purpose::Character.key(seed),
            task,
            assignment,
            gaps,
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
        match self.task {
            Task::Classification => {
                row.income = u8::from(random.random_bool(row.chance(&character)));
            }
            Task::Regression => row.cents = row.income_cents(&character, random.next_u64()),
        }
        self.gaps.apply(&mut row, index, random);
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
            cents: 0,
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
            gaps: 0,
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
    use super::super::field::FieldKind::Text;
    use super::super::field::fields;
    use super::super::row::MISSING;
    use super::*;

    fn sampler(task: Task, assignment: Option<Assignment>, complete: bool) -> Sampler {
        let gaps = Gaps::new(0, 0.0, complete, &[]).unwrap();
        Sampler::new(0, task, assignment, gaps)
    }

    fn share(rows: &[Row], chosen: impl Fn(&Row) -> bool) -> f64 {
        rows.iter().filter(|row| chosen(row)).count() as f64 / rows.len() as f64
    }

    fn many_rows() -> Vec<Row> {
        sampler(Task::Classification, None, false).rows(0, 200_000)
    }

    #[test]
    fn complete_fills_the_gaps_and_changes_nothing_else() {
        let rows = sampler(Task::Classification, None, false).rows(0, 5_000);
        let complete = sampler(Task::Classification, None, true).rows(0, 5_000);
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
        for field in fields(Task::Classification) {
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
        let sampler = sampler(Task::Classification, Some(assignment), false);
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
    fn mean(values: &[f64]) -> f64 {
        values.iter().sum::<f64>() / values.len() as f64
    }

    fn variance(values: &[f64]) -> f64 {
        let mean = mean(values);
        values
            .iter()
            .map(|value| (value - mean).powi(2))
            .sum::<f64>()
            / values.len() as f64
    }

    /// Rows of 500 entities, with the logarithms of the odds that their incomes are drawn by, and
    /// those of the same rows in an average entity.
    fn rows_with_scores() -> (Vec<Row>, Vec<f64>, Vec<f64>) {
        let assignment = Assignment::new(200_000, 500, Skew::Even, 0).unwrap();
        let sampler = sampler(Task::Regression, Some(assignment), true);
        let rows = sampler.rows(0, 200_000);
        let odds = |row: &Row, character: &Character| {
            let chance = row.chance(character);
            (chance / (1.0 - chance)).ln()
        };
        let own = |row: &Row| {
            let random = &mut Random::new(sampler.character_key, row.entity);
            odds(row, &Character::new(random))
        };
        let scores = rows.iter().map(own).collect();
        let average = rows.iter().map(|row| odds(row, &Character::AVERAGE));
        let average = average.collect();
        (rows, scores, average)
    }

    #[test]
    fn noise_and_entities_have_their_share_of_the_variance() {
        let (rows, scores, average) = rows_with_scores();
        let incomes: Vec<f64> = rows.iter().map(|row| row.cents as f64 / 100.0).collect();
        let logarithms: Vec<f64> = incomes.iter().map(|income| income.ln()).collect();
        let share = |part: Vec<f64>, whole: &[f64]| variance(&part) / variance(whole);

        let expected = |score: &f64| 50_000_f64.ln() + 0.2 * score;
        let noise = logarithms.iter().zip(&scores);
        let noise = noise.map(|(logarithm, score)| logarithm - expected(score));
        let noise = share(noise.collect(), &logarithms);
        assert!((0.23..0.27).contains(&noise), "{noise}");

        let entities = scores.iter().zip(&average);
        let entities = entities.map(|(score, average)| 0.2 * (score - average));
        let entities = share(entities.collect(), &logarithms);
        assert!((0.04..0.06).contains(&entities), "{entities}");

        // The mean of exp(0.2 noise) of logistic noise.
        let angle = 0.2 * std::f64::consts::PI;
        let lift = angle / angle.sin();
        let noise = incomes.iter().zip(&scores);
        let noise = noise.map(|(income, score)| income - lift * expected(score).exp());
        let noise = share(noise.collect(), &incomes);
        assert!((0.26..0.34).contains(&noise), "{noise}");
    }

    #[test]
    fn incomes_are_skewed() {
        let (rows, ..) = rows_with_scores();
        let mut incomes: Vec<f64> = rows.iter().map(|row| row.cents as f64 / 100.0).collect();
        incomes.sort_by(f64::total_cmp);
        let (median, mean) = (incomes[incomes.len() / 2], mean(&incomes));
        assert!((29_000.0..32_000.0).contains(&median), "{median}");
        assert!((39_000.0..43_000.0).contains(&mean), "{mean}");
        assert!(incomes[0] > 0.0);
    }

    #[test]
    fn an_income_is_above_the_threshold_where_its_class_says_so() {
        let assignment = || Assignment::new(50_000, 50, Skew::Zipf, 0).unwrap();
        let classes = sampler(Task::Classification, Some(assignment()), false).rows(0, 50_000);
        let quantities = sampler(Task::Regression, Some(assignment()), false).rows(0, 50_000);
        for (class, quantity) in classes.iter().zip(&quantities) {
            assert_eq!(class.income == 1, quantity.cents > 5_000_000);
            assert_eq!(
                (class.entity, class.age, class.country, class.occupation),
                (
                    quantity.entity,
                    quantity.age,
                    quantity.country,
                    quantity.occupation
                )
            );
        }
    }
}
