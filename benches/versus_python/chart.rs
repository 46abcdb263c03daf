//! The lines as a picture: how many times less we take, on a logarithmic scale.

use std::path::Path;

use plotters::prelude::*;

use crate::lines::Line;

const WIDTH: u32 = 1_000;
const ROW: u32 = 44;
const TOP: u32 = 56;
const BOTTOM: u32 = 44;
const LEFT: i32 = 470;
const RIGHT: i32 = 900;
const OURS: RGBColor = RGBColor(0, 114, 178);
const GOAL: RGBColor = RGBColor(213, 94, 0);
const FAINT: RGBColor = RGBColor(200, 200, 200);

pub fn draw(lines: &[Line], path: &Path) {
    let largest = lines.iter().map(|line| line.ratio).fold(10.0, f64::max);
    let decades = largest.log10().ceil();
    let x = |ratio: f64| {
        LEFT + (f64::from(RIGHT - LEFT) * ratio.max(1.0).log10() / decades).round() as i32
    };
    let height = TOP + BOTTOM + ROW * lines.len() as u32;
    let area = SVGBackend::new(path, (WIDTH, height)).into_drawing_area();
    let drawn = || -> Result<(), Box<dyn std::error::Error + '_>> {
        area.fill(&WHITE)?;
        let text = |size: f64| ("sans-serif", size).into_font();
        let title = "how many times less time (or bytes) than the Python version";
        area.draw(&Text::new(title, (LEFT, 16), text(17.0)))?;
        let bottom = (height - BOTTOM) as i32;
        for decade in 0..=decades as u32 {
            let ratio = 10f64.powi(decade as i32);
            let points = vec![(x(ratio), TOP as i32 - 8), (x(ratio), bottom)];
            area.draw(&PathElement::new(points, FAINT))?;
            let label = format!("{ratio} ×");
            area.draw(&Text::new(label, (x(ratio) - 14, bottom + 10), text(14.0)))?;
        }
        for (row, line) in lines.iter().enumerate() {
            let top = (TOP + ROW * row as u32) as i32;
            area.draw(&Text::new(line.work.as_str(), (12, top + 2), text(15.0)))?;
            let against = format!("against {}", line.against);
            let faint = text(13.0).color(&RGBColor(90, 90, 90));
            area.draw(&Text::new(against, (12, top + 19), faint))?;
            let bar = [(LEFT, top + 6), (x(line.ratio), top + 28)];
            area.draw(&Rectangle::new(bar, OURS.filled()))?;
            let label = format!("{:.0} ×", line.ratio);
            area.draw(&Text::new(label, (x(line.ratio) + 8, top + 9), text(15.0)))?;
            if let Some(goal) = line.goal {
                let points = vec![(x(goal), top + 1), (x(goal), top + 33)];
                area.draw(&PathElement::new(points, GOAL.stroke_width(3)))?;
            }
        }
        let legend = text(13.0).color(&GOAL);
        area.draw(&Text::new("| the goal", (12, bottom + 10), legend))?;
        area.present()?;
        Ok(())
    };
    drawn().expect("the picture can be drawn");
}
