//! One run's figures, and what several runs of the same thing say together.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::machine::Cost;

/// What was measured: the name of a load and its size.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    pub load: String,
    pub connections: usize,
    /// Bytes in a message; 0 where the load has one size only.
    pub bytes: usize,
    pub outstanding: u64,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Run {
    pub point: Point,
    pub peer: String,
    pub round: usize,
    /// By name; the unit is part of the name.
    pub figures: BTreeMap<String, f64>,
    /// Cores that other processes used meanwhile.
    pub other_cores: f64,
    /// Cores that the host kept from us meanwhile.
    pub stolen_cores: f64,
    pub spoiled: bool,
    /// Why there are no figures.
    pub failure: Option<String>,
}

impl Run {
    pub fn new(point: &Point, peer: &str, round: usize) -> Run {
        Run {
            point: point.clone(),
            peer: peer.to_owned(),
            round,
            figures: BTreeMap::new(),
            other_cores: 0.0,
            stolen_cores: 0.0,
            spoiled: false,
            failure: None,
        }
    }

    pub fn note(&mut self, cost: &Cost) {
        self.other_cores = cost.other_cores;
        self.stolen_cores = cost.stolen_cores;
        self.spoiled = cost.spoiled();
    }

    pub fn set(&mut self, figure: &str, value: f64) {
        self.figures.insert(figure.to_owned(), value);
    }
}

/// Everything one call of the benchmark found out.
#[derive(Default, Serialize, Deserialize)]
pub struct Results {
    pub machine: String,
    pub effort: String,
    pub missing: Vec<String>,
    pub runs: Vec<Run>,
}

/// Median and spread of one figure.
#[derive(Clone, Copy)]
pub struct Summary {
    pub median: f64,
    /// Half of the way from the smallest to the largest, as a share of the median.
    pub spread: f64,
    pub all_spoiled: bool,
}

impl Results {
    /// The points in the order they were measured.
    pub fn points(&self) -> Vec<Point> {
        let mut points: Vec<Point> = Vec::new();
        for run in &self.runs {
            if !points.contains(&run.point) {
                points.push(run.point.clone());
            }
        }
        points
    }

    fn of(&self, point: &Point, peer: &str) -> Vec<&Run> {
        self.runs.iter().filter(|run| run.point == *point && run.peer == peer).collect()
    }

    pub fn failure(&self, point: &Point, peer: &str) -> Option<&str> {
        self.of(point, peer).into_iter().find_map(|run| run.failure.as_deref())
    }

    /// How many rounds there have been.
    pub fn rounds(&self, point: &Point) -> usize {
        self.runs
            .iter()
            .filter(|run| run.point == *point)
            .map(|run| run.round + 1)
            .max()
            .unwrap_or(0)
    }

    /// Over the runs nothing else disturbed; where there is none, over all.
    pub fn summary(&self, point: &Point, peer: &str, figure: &str) -> Option<Summary> {
        let values = |spoiled_too: bool| -> Vec<f64> {
            self.of(point, peer)
                .into_iter()
                .filter(|run| spoiled_too || !run.spoiled)
                .filter_map(|run| run.figures.get(figure).copied())
                .collect()
        };
        let clean = values(false);
        let all_spoiled = clean.is_empty();
        let mut values = if all_spoiled { values(true) } else { clean };
        let median = median(&mut values)?;
        let spread = (values[values.len() - 1] - values[0]) / 2.0 / median;
        Some(Summary { median, spread, all_spoiled })
    }

    /// The median over the rounds of (figure of `one` ÷ figure of `other`): both sides of a round
    /// met the same machine.
    pub fn ratio(&self, point: &Point, one: &str, other: &str, figure: &str) -> Option<f64> {
        let pairs = |spoiled_too: bool| -> Vec<f64> {
            self.of(point, one)
                .into_iter()
                .filter_map(|run| {
                    let beside = self
                        .of(point, other)
                        .into_iter()
                        .find(|beside| beside.round == run.round)?;
                    let counts = spoiled_too || !(run.spoiled || beside.spoiled);
                    let ratio = run.figures.get(figure)? / beside.figures.get(figure)?;
                    (counts && ratio.is_finite()).then_some(ratio)
                })
                .collect()
        };
        let mut clean = pairs(false);
        if clean.is_empty() {
            clean = pairs(true);
        }
        median(&mut clean)
    }
}

/// Sorts `values` and returns the middle one.
pub fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        length if length % 2 == 0 => Some((values[middle - 1] + values[middle]) / 2.0),
        _ => Some(values[middle]),
    }
}
