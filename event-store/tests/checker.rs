//! Histories made by hand: a good one has no findings, and each anomaly is found and named.

use agrodeep_event_store::history::{
    Anomaly::{self, *},
    Answer, Entry, HistoryFile, Record, check, read_history,
};
use uuid::Uuid;

const ORDER: &str = "order-1";
const OTHER: &str = "order-2";

/// A history and a log that are built step by step.
#[derive(Default)]
struct Case {
    history: Vec<Record>,
    log: Vec<Entry>,
    last_id: u128,
}

fn values(command: u128, count: u64) -> Vec<String> {
    (0..count).map(|index| format!("{command}.{index}")).collect()
}

impl Case {
    fn id(&mut self) -> Uuid {
        self.last_id += 1;
        Uuid::from_u128(self.last_id)
    }

    /// An attempt begins.
    fn append(&mut self, command: u128, stream: &str, expected_version: u64, count: u64) -> Uuid {
        let id = self.id();
        self.history.push(Record::Append {
            id,
            command_id: Uuid::from_u128(command),
            stream: stream.to_owned(),
            expected_version,
            values: values(command, count),
        });
        id
    }

    fn load(&mut self, stream: &str, after_version: u64) -> Uuid {
        let id = self.id();
        self.history.push(Record::Load { id, stream: stream.to_owned(), after_version });
        id
    }

    fn read(&mut self, after: i64, limit: usize) -> Uuid {
        let id = self.id();
        self.history.push(Record::Read { id, follower: "follower".to_owned(), after, limit });
        id
    }

    fn answer(&mut self, id: Uuid, answer: Answer) {
        self.history.push(Record::Answered { id, answer });
    }

    /// Events stand in the log from here on.
    fn stands(&mut self, command: u128, stream: &str, first_version: u64, count: u64) {
        for (version, value) in (first_version..).zip(values(command, count)) {
            self.log.push(Entry {
                position: self.log.len() as i64 + 1,
                stream: stream.to_owned(),
                version,
                command_id: Uuid::from_u128(command),
                value,
            });
        }
    }

    /// A command that is appended, acknowledged and in the log.
    fn done(&mut self, command: u128, stream: &str, expected_version: u64, count: u64) {
        let id = self.append(command, stream, expected_version, count);
        self.stands(command, stream, expected_version + 1, count);
        let position = self.log.len() as i64;
        self.answer(id, Answer::Appended { position, version: expected_version + count });
    }

    /// A follower's read that finds the entries at these positions.
    fn follows(&mut self, after: i64, positions: &[usize]) {
        let id = self.read(after, positions.len());
        let entries = positions.iter().map(|position| self.log[position - 1].clone()).collect();
        self.answer(id, Answer::Read(entries));
    }

    #[track_caller]
    fn has(&self, expected: &[Anomaly]) {
        let report = check(&self.history, &self.log);
        let mut found: Vec<_> = report.findings.iter().map(|finding| finding.anomaly).collect();
        found.sort();
        found.dedup();
        assert_eq!(found, expected, "{report}");
    }
}

/// Two streams, three commands, four events.
fn three_commands() -> Case {
    let mut case = Case::default();
    case.done(101, ORDER, 0, 2);
    case.done(102, OTHER, 0, 1);
    case.done(103, ORDER, 2, 1);
    case
}

#[test]
fn a_good_history_has_no_findings() {
    let mut case = three_commands();
    let stale = case.append(104, ORDER, 2, 1);
    case.answer(stale, Answer::Conflict { actual_version: 3 });
    let load = case.load(ORDER, 1);
    case.answer(load, Answer::Loaded(vec!["101.1".to_owned(), "103.0".to_owned()]));
    case.follows(0, &[1, 2]);
    case.follows(2, &[3, 4]);
    let again = case.append(101, ORDER, 0, 2);
    case.answer(again, Answer::Appended { position: 2, version: 2 });
    let elsewhere = case.append(101, OTHER, 1, 2);
    case.answer(elsewhere, Answer::AlreadyDone);
    let never = case.append(105, OTHER, 1, 1);
    case.answer(never, Answer::Refused);
    case.has(&[]);
    let report = check(&case.history, &case.log);
    let counts =
        (report.attempts, report.acknowledged, report.conflicts, report.already_done, report.refused);
    assert_eq!(counts, (7, 4, 1, 1, 1));
    assert_eq!((report.loads, report.followed, report.events), (1, 4, 4));
}

#[test]
fn what_nobody_was_told_of_may_be_there_or_not() {
    let mut case = three_commands();
    let unknown = case.append(104, ORDER, 3, 1);
    case.answer(unknown, Answer::Unknown);
    case.has(&[]);
    case.stands(104, ORDER, 4, 1);
    case.has(&[]);
    // Never answered: its client was killed.
    case.append(105, OTHER, 1, 1);
    case.stands(105, OTHER, 2, 1);
    case.has(&[]);
}

#[test]
fn overlapping_appends_may_stand_in_any_order() {
    let mut case = Case::default();
    let (one, other) = (case.append(101, ORDER, 0, 1), case.append(102, OTHER, 0, 1));
    case.stands(102, OTHER, 1, 1);
    case.stands(101, ORDER, 1, 1);
    case.answer(one, Answer::Appended { position: 2, version: 1 });
    case.answer(other, Answer::Appended { position: 1, version: 1 });
    case.has(&[]);
}

#[test]
fn an_acknowledged_append_that_is_not_there_is_lost() {
    let mut case = three_commands();
    let id = case.append(104, ORDER, 3, 1);
    case.answer(id, Answer::Appended { position: 5, version: 4 });
    case.has(&[Lost]);
    let mut case = three_commands();
    let id = case.append(104, ORDER, 3, 1);
    case.answer(id, Answer::AlreadyDone);
    case.has(&[Lost]);
}

#[test]
fn a_command_that_is_there_twice_is_doubled() {
    let mut case = three_commands();
    let lost = case.append(104, ORDER, 3, 1);
    case.answer(lost, Answer::Unknown);
    let again = case.append(104, ORDER, 4, 1);
    case.stands(104, ORDER, 4, 1);
    case.stands(104, ORDER, 5, 1);
    case.answer(again, Answer::Appended { position: 6, version: 5 });
    case.has(&[Doubled]);
}

#[test]
fn a_refused_append_that_is_there_is_found() {
    for answer in [Answer::Refused, Answer::Conflict { actual_version: 4 }] {
        let mut case = three_commands();
        let id = case.append(104, ORDER, 3, 1);
        case.stands(104, ORDER, 4, 1);
        case.answer(id, answer);
        case.has(&[RefusedButThere]);
    }
    // A conflict settles the attempt before it, too.
    let mut case = three_commands();
    let first = case.append(104, ORDER, 3, 1);
    case.answer(first, Answer::Unknown);
    let second = case.append(104, ORDER, 3, 1);
    case.stands(104, ORDER, 4, 1);
    case.answer(second, Answer::Conflict { actual_version: 4 });
    case.has(&[RefusedButThere]);
}

#[test]
fn an_event_that_nobody_appended_is_out_of_thin_air() {
    let mut case = three_commands();
    case.stands(104, ORDER, 4, 1);
    case.has(&[OutOfThinAir]);
}

#[test]
fn another_payload_than_the_one_appended_is_changed() {
    let mut case = three_commands();
    case.log[2].value = "something else".to_owned();
    case.has(&[Changed]);
}

#[test]
fn half_a_command_is_torn() {
    let mut case = Case::default();
    let id = case.append(101, ORDER, 0, 2);
    case.stands(101, ORDER, 1, 1);
    case.answer(id, Answer::Unknown);
    case.has(&[Torn]);

    let mut case = three_commands();
    let load = case.load(ORDER, 0);
    case.answer(load, Answer::Loaded(vec!["101.0".to_owned()]));
    let found = check(&case.history, &case.log);
    assert_eq!(found.count(Torn), 1, "{found}");
}

#[test]
fn a_verdict_that_names_another_place_is_misplaced() {
    let mut case = three_commands();
    let again = case.append(101, ORDER, 0, 2);
    case.answer(again, Answer::Appended { position: 1, version: 1 });
    case.has(&[Misplaced]);

    let mut case = three_commands();
    let id = case.append(104, ORDER, 7, 1);
    case.stands(104, ORDER, 4, 1);
    case.answer(id, Answer::Unknown);
    case.has(&[Misplaced]);
}

#[test]
fn a_missing_position_is_a_hole() {
    let mut case = three_commands();
    case.log[3].position = 5;
    let Record::Answered { answer: Answer::Appended { position, .. }, .. } = &mut case.history[5] else {
        panic!("not the last answer")
    };
    *position = 5;
    case.has(&[Hole]);
}

#[test]
fn versions_against_positions_are_disorder_and_a_cycle() {
    let mut case = Case::default();
    let (one, other) = (case.append(101, ORDER, 0, 1), case.append(102, ORDER, 1, 1));
    case.stands(102, ORDER, 2, 1);
    case.stands(101, ORDER, 1, 1);
    case.answer(one, Answer::Appended { position: 2, version: 1 });
    case.answer(other, Answer::Appended { position: 1, version: 2 });
    case.has(&[Disorder, WriteCycle]);
}

#[test]
fn an_append_before_one_that_had_ended_is_against_real_time() {
    let mut case = Case::default();
    let one = case.append(101, ORDER, 0, 1);
    case.answer(one, Answer::Appended { position: 2, version: 1 });
    let other = case.append(102, OTHER, 0, 1);
    case.stands(102, OTHER, 1, 1);
    case.stands(101, ORDER, 1, 1);
    case.answer(other, Answer::Appended { position: 1, version: 1 });
    case.has(&[AgainstRealTime, RealTimeCycle]);
}

#[test]
fn what_does_not_know_of_what_had_ended_is_stale() {
    let mut case = three_commands();
    let load = case.load(ORDER, 0);
    case.answer(load, Answer::Loaded(vec!["101.0".to_owned(), "101.1".to_owned()]));
    case.has(&[Stale, RealTimeCycle]);

    let mut case = three_commands();
    let id = case.append(104, ORDER, 1, 1);
    case.answer(id, Answer::Conflict { actual_version: 2 });
    case.has(&[Stale]);

    let mut case = three_commands();
    let read = case.read(0, 100);
    case.answer(read, Answer::Read(case.log[..3].to_vec()));
    case.has(&[Stale, RealTimeCycle]);
}

#[test]
fn a_read_of_what_was_not_yet_asked_for_is_from_the_future() {
    let mut case = three_commands();
    let load = case.load(ORDER, 2);
    case.answer(load, Answer::Loaded(vec!["103.0".to_owned(), "104.0".to_owned()]));
    case.done(104, ORDER, 3, 1);
    case.has(&[AgainstRealTime, FromTheFuture, RealTimeCycle]);
}

#[test]
fn a_read_that_is_no_part_of_the_stream_is_found() {
    let mut case = three_commands();
    let load = case.load(ORDER, 0);
    case.answer(load, Answer::Loaded(vec!["101.1".to_owned(), "101.0".to_owned(), "103.0".to_owned()]));
    case.has(&[NotAPrefix]);
}

#[test]
fn a_follower_that_skips_repeats_or_reorders_is_found() {
    let mut case = three_commands();
    case.follows(0, &[1, 2, 4]);
    case.has(&[Skipped]);
    let mut case = three_commands();
    case.follows(0, &[1, 2, 2, 3, 4]);
    case.has(&[Repeated]);
    let mut case = three_commands();
    case.follows(0, &[1, 3, 2, 4]);
    case.has(&[Skipped, Reordered]);
    // From one read to the next, too.
    let mut case = three_commands();
    case.follows(0, &[1, 2]);
    case.follows(3, &[4]);
    case.has(&[Skipped]);
}

#[test]
fn reads_that_can_be_put_into_no_order_are_a_cycle() {
    // One load saw the second command of the log, a later one did not see the first. Neither stream alone shows it.
    let mut case = Case::default();
    let (one, other) = (case.append(101, ORDER, 0, 1), case.append(102, OTHER, 0, 1));
    case.stands(101, ORDER, 1, 1);
    case.stands(102, OTHER, 1, 1);
    let load = case.load(OTHER, 0);
    case.answer(load, Answer::Loaded(vec!["102.0".to_owned()]));
    let load = case.load(ORDER, 0);
    case.answer(load, Answer::Loaded(vec![]));
    case.answer(one, Answer::Appended { position: 1, version: 1 });
    case.answer(other, Answer::Appended { position: 2, version: 1 });
    case.has(&[RealTimeCycle]);
}

#[test]
fn a_load_that_overlaps_an_append_may_see_it_or_not() {
    let mut case = three_commands();
    let (append, load) = (case.append(104, ORDER, 3, 1), case.load(ORDER, 2));
    case.stands(104, ORDER, 4, 1);
    case.answer(append, Answer::Appended { position: 5, version: 4 });
    let mut sees = Case { history: case.history.clone(), log: case.log.clone(), last_id: case.last_id };
    case.answer(load, Answer::Loaded(vec!["103.0".to_owned()]));
    case.has(&[]);
    sees.answer(load, Answer::Loaded(vec!["103.0".to_owned(), "104.0".to_owned()]));
    sees.has(&[]);
}

#[test]
fn a_history_survives_its_file_and_pieces_of_killed_writers_are_left_out() {
    use std::io::Write;
    let folder = std::env::temp_dir().join(format!("agrodeep-history-{}", Uuid::now_v7()));
    std::fs::create_dir(&folder).expect("a folder");
    let path = folder.join("history");
    let case = three_commands();
    let (one, other) = (HistoryFile::open(&path).expect("a file"), HistoryFile::open(&path).expect("a file"));
    for (index, record) in case.history.iter().enumerate() {
        if index == 3 {
            // A process was killed in the middle of a write.
            let mut file = std::fs::File::options().append(true).open(&path).expect("the file");
            file.write_all(b"\n{\"answered\":{\"id\":\"01").expect("a piece");
        }
        if index % 2 == 0 { &one } else { &other }.record(record).expect("recorded");
    }
    assert_eq!(read_history(&path).expect("a history"), (case.history, 1));
    std::fs::remove_dir_all(&folder).expect("removed");
}
