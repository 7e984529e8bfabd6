//! Which drawings the figures of a benchmark make.

use super::{
    axis::Scale,
    measured::Measured,
    plot::{Bar, BarChart, Group},
    spread::Spread,
};

/// How many commands a second each subject does, a group a case.
pub fn throughput(name: &str, title: &str, figures: &[Measured]) -> BarChart {
    chart(name, title, "commands a second", figures, |figure| Some(figure.per_second()))
}

/// One percentile of how long commands take, a group a case.
pub fn latency(name: &str, title: &str, figures: &[Measured]) -> BarChart {
    let mut groups = Vec::new();
    for (percentile, of) in [
        ("p50", (|figure| figure.took(|took| took.p50)) as fn(&Measured) -> Option<Spread>),
        ("p99", |figure| figure.took(|took| took.p99)),
    ] {
        for mut group in chart(name, title, "", figures, of).groups {
            group.heading = format!("{percentile}, {}", group.heading);
            groups.push(group);
        }
    }
    BarChart { groups, ..chart(name, title, "milliseconds a command", &[], |_| None) }
}

/// One value a figure, grouped by what was asked and by how many.
pub fn chart(
    name: &str,
    title: &str,
    axis: &str,
    figures: &[Measured],
    value: impl Fn(&Measured) -> Option<Spread>,
) -> BarChart {
    let mut groups: Vec<Group> = Vec::new();
    for figure in figures {
        let Some(value) = value(figure) else { continue };
        let writers = if figure.writers == 1 { "writer" } else { "writers" };
        let heading = format!("{} {writers}, {}", figure.writers, figure.mix);
        let bar = Bar { label: figure.subject.clone(), value };
        match groups.iter_mut().find(|group| group.heading == heading) {
            Some(group) => group.bars.push(bar),
            None => groups.push(Group { heading, bars: vec![bar] }),
        }
    }
    BarChart {
        name: name.to_owned(),
        title: title.to_owned(),
        axis: axis.to_owned(),
        scale: Scale::Logarithmic,
        groups,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::measured::tests::measured;

    #[test]
    fn cases_are_groups() {
        let figures = [
            measured("agrodeep", "distinct", 64, &[2.0]),
            measured("raw", "distinct", 64, &[1.0]),
            measured("agrodeep", "distinct", 1, &[3.0]),
        ];
        let chart = throughput("append", "Appending", &figures);
        let headings: Vec<_> =
            chart.groups.iter().map(|group| (group.heading.as_str(), group.bars.len())).collect();
        assert_eq!(headings, [("64 writers, distinct", 2), ("1 writer, distinct", 1)]);
        let headings: Vec<_> =
            latency("l", "t", &figures).groups.into_iter().map(|group| group.heading).collect();
        assert_eq!(
            headings,
            [
                "p50, 64 writers, distinct",
                "p50, 1 writer, distinct",
                "p99, 64 writers, distinct",
                "p99, 1 writer, distinct"
            ]
        );
    }
}
