//! Does any order of all operations agree with what each of them saw? There is none where they form a cycle.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use super::{Anomaly, Answer, Entry, Record, Report, operations::Operations};

/// Why one operation comes before another, the least doubtful first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Because {
    /// Its event stands before the other's, in the log or in a stream.
    Write,
    /// The other read its event.
    Read,
    /// It read, and did not see the other's event.
    DidNotSee,
    /// It had ended when the other began.
    RealTime,
}

#[derive(Default)]
struct Graph {
    names: Vec<String>,
    edges: Vec<Vec<(usize, Because)>>,
}

impl Graph {
    fn node(&mut self, name: String) -> usize {
        self.names.push(name);
        self.edges.push(vec![]);
        self.names.len() - 1
    }

    fn edge(&mut self, from: usize, to: usize, because: Because) {
        if from != to {
            self.edges[from].push((to, because));
        }
    }
}

pub(super) fn check(operations: &Operations, history: &[Record], log: &[Entry], report: &mut Report) {
    let graph = graph(operations, history, log);
    // Nobody reads and writes in one operation, so a cycle has writes only, or real time in it. What is one of writes is one of
    // all edges, too: it is named by the fewest.
    let kinds = [(Because::Write, Anomaly::WriteCycle), (Because::RealTime, Anomaly::RealTimeCycle)];
    for (because, anomaly) in kinds {
        let cycles = components(&graph, because);
        for cycle in &cycles {
            let mut names: Vec<_> =
                cycle.iter().map(|node| &*graph.names[*node]).filter(|name| !name.is_empty()).collect();
            let more = names.len().saturating_sub(6);
            names.truncate(6);
            report.found(anomaly, format!("{} and {more} more", names.join(", ")));
        }
        if !cycles.is_empty() {
            return;
        }
    }
}

fn graph(operations: &Operations, history: &[Record], log: &[Entry]) -> Graph {
    let mut graph = Graph::default();
    let mut commands: HashMap<Uuid, usize> = HashMap::new();
    let mut streams: HashMap<&str, BTreeMap<u64, usize>> = HashMap::new();
    let mut positions: BTreeMap<i64, usize> = BTreeMap::new();
    for entry in log {
        let id = entry.command_id;
        let node = *commands.entry(id).or_insert_with(|| graph.node(format!("command {id}")));
        streams.entry(&entry.stream).or_default().insert(entry.version, node);
        positions.insert(entry.position, node);
    }
    let in_order = streams.values().map(|versions| versions.values().copied().collect::<Vec<_>>());
    for order in in_order.chain([positions.values().copied().collect()]) {
        for pair in order.windows(2) {
            graph.edge(pair[0], pair[1], Because::Write);
        }
    }

    // One node for each operation, and for real time one for each answer: those form a line.
    let mut nodes: HashMap<Uuid, usize> = HashMap::new();
    let mut clock: Option<usize> = None;
    for (moment, record) in history.iter().enumerate() {
        match record {
            Record::Append { id, command_id, .. } => {
                // Of a command that was tried again only the first attempt says when it began.
                let first =
                    operations.commands[command_id].first().is_some_and(|first| first.began == moment);
                if let Some(node) = commands.get(command_id) {
                    nodes.insert(*id, *node);
                    if let (Some(now), true) = (clock, first) {
                        graph.edge(now, *node, Because::RealTime);
                    }
                }
            }
            Record::Load { id, stream, .. } => {
                let node = graph.node(format!("a load of {stream}"));
                nodes.insert(*id, node);
                if let Some(now) = clock {
                    graph.edge(now, node, Because::RealTime);
                }
            }
            Record::Read { id, follower, after, .. } => {
                let node = graph.node(format!("{follower}'s read after {after}"));
                nodes.insert(*id, node);
                if let Some(now) = clock {
                    graph.edge(now, node, Because::RealTime);
                }
            }
            Record::Answered { id, answer } => {
                let (Some(node), Some(operation)) = (nodes.get(id).copied(), operations.get(*id)) else {
                    continue;
                };
                let (seen, unseen) = match (operation.asked, answer) {
                    (Record::Load { stream, after_version, .. }, Answer::Loaded(values)) => {
                        let version = after_version + values.len() as u64;
                        let versions = streams.get(stream.as_str());
                        let next = versions.and_then(|versions| versions.get(&(version + 1)));
                        // Whoever asks from beyond the end learns nothing of where it is.
                        let nothing = values.is_empty() && *after_version > 0;
                        let seen = versions.and_then(|versions| versions.get(&version));
                        (seen.filter(|_| !nothing), next.filter(|_| !nothing))
                    }
                    (Record::Read { limit, .. }, Answer::Read(entries)) => {
                        let last = entries.last().map(|entry| entry.position);
                        let next = last.and_then(|last| positions.range(last + 1..).next());
                        let next = next.map(|(_, node)| node).filter(|_| entries.len() < *limit);
                        (last.and_then(|last| positions.get(&last)), next)
                    }
                    (Record::Append { .. }, Answer::Appended { .. }) => (None, None),
                    _ => continue,
                };
                if let Some(seen) = seen {
                    graph.edge(*seen, node, Because::Read);
                }
                if let Some(unseen) = unseen {
                    graph.edge(node, *unseen, Because::DidNotSee);
                }
                let now = graph.node(String::new());
                graph.edge(node, now, Because::RealTime);
                if let Some(before) = clock.replace(now) {
                    graph.edge(before, now, Because::RealTime);
                }
            }
        }
    }
    graph
}

/// The sets of nodes that can all be reached from one another by edges of these kinds (Tarjan, without recursion).
fn components(graph: &Graph, because: Because) -> Vec<Vec<usize>> {
    const NEW: usize = usize::MAX;
    let count = graph.names.len();
    let (mut index, mut low, mut on_stack) = (vec![NEW; count], vec![0; count], vec![false; count]);
    let (mut stack, mut found, mut next) = (vec![], vec![], 0);
    for root in 0..count {
        if index[root] != NEW {
            continue;
        }
        let mut path = vec![(root, 0)];
        while let Some((node, edge)) = path.last_mut() {
            let node = *node;
            if *edge == 0 && index[node] == NEW {
                index[node] = next;
                low[node] = next;
                next += 1;
                stack.push(node);
                on_stack[node] = true;
            }
            if let Some((to, kind)) = graph.edges[node].get(*edge).copied() {
                *edge += 1;
                if kind > because {
                    continue;
                }
                if index[to] == NEW {
                    path.push((to, 0));
                } else if on_stack[to] {
                    low[node] = low[node].min(index[to]);
                }
                continue;
            }
            path.pop();
            if let Some((parent, _)) = path.last() {
                low[*parent] = low[*parent].min(low[node]);
            }
            if low[node] == index[node] {
                let from = stack.iter().rposition(|it| *it == node).unwrap_or(0);
                let component = stack.split_off(from);
                for member in &component {
                    on_stack[*member] = false;
                }
                if component.len() > 1 {
                    found.push(component);
                }
            }
        }
    }
    found
}
