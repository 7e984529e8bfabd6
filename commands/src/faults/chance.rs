//! Faults at random, the same each time for the same seed.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use sha2::{Digest, Sha256};

/// How often each point was passed in this process.
static PASSED: Mutex<Option<HashMap<String, u64>>> = Mutex::new(None);

/// What is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Chance {
    /// Whatever follows, follows from this,
    seed: u64,
    /// and from this: how often the process was started. Without it, who dies at a point would die there again for ever.
    life: u64,
    /// At how many of 1,000 passes something goes wrong.
    per_mille: u64,
}

impl Chance {
    fn read(text: &str) -> Self {
        let mut chance = Self::default();
        for (name, value) in text.split(',').filter_map(|part| part.split_once(':')) {
            let value =
                value.parse().unwrap_or_else(|_| panic!("faults::random: {name} is no number: {value}"));
            match name {
                "seed" => chance.seed = value,
                "life" => chance.life = value,
                "per_mille" => chance.per_mille = value,
                _ => panic!("faults::random knows seed, life and per_mille, not {name}"),
            }
        }
        chance
    }

    /// What goes wrong at the `pass`-th pass of `point`, if anything does.
    fn at(self, point: &str, pass: u64, side: &str, what: &str) -> Option<String> {
        let digest = Sha256::new()
            .chain_update(self.seed.to_be_bytes())
            .chain_update(self.life.to_be_bytes())
            .chain_update(pass.to_be_bytes())
            .chain_update(point.as_bytes())
            .finalize();
        let number = |n: usize| {
            u64::from(u32::from_be_bytes([digest[n], digest[n + 1], digest[n + 2], digest[n + 3]]))
        };
        if number(0) % 1000 >= self.per_mille {
            return None;
        }
        let may_be_repeated = side == "after" && matches!(what, "effect" | "record");
        Some(match number(4) % 100 {
            0 => "abort".to_owned(),
            1..=20 => format!("delay:{}", number(8) % 200),
            // Longer than a lease lasts, now and then.
            21 => format!("delay:{}", 2_500 + number(8) % 1_000),
            22..=40 if may_be_repeated => "twice".to_owned(),
            _ => "error".to_owned(),
        })
    }
}

/// What goes wrong at this pass of `point`, if anything does.
pub(super) fn draw(asked: &str, point: &str, side: &str, what: &str) -> Option<String> {
    let chance = Chance::read(asked);
    let pass = {
        let mut passed = PASSED.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = passed.get_or_insert_default().entry(point.to_owned()).or_default();
        *passed += 1;
        *passed
    };
    chance.at(point, pass, side, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POINT: &str = "saga::after_effect::hold_stock";

    fn drawn(chance: Chance) -> Vec<Option<String>> {
        (1..=10_000).map(|pass| chance.at(POINT, pass, "after", "effect")).collect()
    }

    #[test]
    fn the_same_seed_and_life_give_the_same_faults_and_others_give_others() {
        let chance = Chance::read("seed:7,life:1,per_mille:20");
        assert_eq!(chance, Chance { seed: 7, life: 1, per_mille: 20 });
        assert_eq!(drawn(chance), drawn(chance));
        assert_ne!(drawn(chance), drawn(Chance { life: 2, ..chance }));
        assert_ne!(drawn(chance), drawn(Chance { seed: 8, ..chance }));
    }

    #[test]
    fn as_many_go_wrong_as_asked_for_in_every_way() {
        let drawn: Vec<String> =
            drawn(Chance { seed: 1, life: 1, per_mille: 200 }).into_iter().flatten().collect();
        assert!((1_800..2_200).contains(&drawn.len()), "{}", drawn.len());
        for fault in ["abort", "error", "twice", "delay:"] {
            assert!(drawn.iter().any(|drawn| drawn.starts_with(fault)), "never {fault}");
        }
    }
}
