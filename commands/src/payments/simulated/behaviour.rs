//! How the simulated provider behaves: slow, forgetful, repeating itself, out of order. For trying out what must not matter.

use std::time::Duration;

/// How the simulated provider behaves. Default: at once, everything, once, in order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Behaviour {
    /// How long each of its answers takes.
    pub answer_delay: Duration,
    /// How often each webhook is sent, from 1.
    pub webhook_copies: u32,
    /// Each sending of a webhook waits for a random time up to this: so they come out of order.
    pub webhook_shuffle: Duration,
    /// How many of a hundred webhooks are never sent.
    pub webhook_loss_percent: u32,
    /// Makes what is random repeatable.
    pub seed: u64,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            answer_delay: Duration::ZERO,
            webhook_copies: 1,
            webhook_shuffle: Duration::ZERO,
            webhook_loss_percent: 0,
            seed: 0,
        }
    }
}

impl Behaviour {
    /// Whether this message is lost.
    pub(super) fn loses(&self, message: i64) -> bool {
        self.draw(message, u32::MAX) % 100 < u64::from(self.webhook_loss_percent)
    }

    /// How long this copy of a message waits.
    pub(super) fn wait(&self, message: i64, copy: u32) -> Duration {
        let longest = self.webhook_shuffle.as_millis() as u64;
        Duration::from_millis(self.draw(message, copy) % (longest + 1))
    }

    /// The same number for the same message, copy and seed (SplitMix64).
    fn draw(&self, message: i64, copy: u32) -> u64 {
        let mut mixed = self.seed ^ (message.unsigned_abs() << 32) ^ u64::from(copy);
        mixed = mixed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_messages_are_lost_as_were_asked_for() {
        for percent in [0, 30, 100] {
            let behaviour = Behaviour { webhook_loss_percent: percent, seed: 7, ..Behaviour::default() };
            let lost = (1..=10_000).filter(|message| behaviour.loses(*message)).count();
            assert!(lost.abs_diff(percent as usize * 100) < 200, "{lost} of 10000 at {percent} %");
        }
    }

    #[test]
    fn waits_differ_by_message_and_copy_and_are_the_same_for_the_same_seed() {
        let behaviour = Behaviour { webhook_shuffle: Duration::from_secs(1), ..Behaviour::default() };
        let waits: Vec<_> = (1..=8).map(|message| behaviour.wait(message, 0)).collect();
        assert!(waits.iter().all(|wait| *wait <= Duration::from_secs(1)));
        assert!(!waits.is_sorted(), "out of order: {waits:?}");
        assert_ne!(behaviour.wait(1, 0), behaviour.wait(1, 1));
        assert_eq!(waits[0], behaviour.wait(1, 0));
        assert_ne!(waits[0], Behaviour { seed: 1, ..behaviour }.wait(1, 0));
    }
}
