#![allow(clippy::unwrap_used)]

use super::*;

const HOUR: i64 = 3_600_000_000;

fn line(basket_id: i64, product_id: i64, quantity: i64, sales_value: f64) -> SourceLine {
    SourceLine { basket_id, household_id: 900, product_id, quantity, sales_value, at_us: HOUR }
}

fn product(product_id: i64, department: &str) -> SourceProduct {
    SourceProduct {
        product_id,
        manufacturer_id: Some(69),
        department: Some(department.to_owned()),
        ..SourceProduct::default()
    }
}

/// Products 1 and 2 are PRODUCE, 3 is MEAT.
fn journey(lines: Vec<SourceLine>) -> CompleteJourney {
    let products = [product(1, "PRODUCE"), product(2, "PRODUCE"), product(3, "MEAT")];
    CompleteJourney { products: products.into_iter().map(|it| (it.product_id, it)).collect(), lines }
}

fn plan(lines: Vec<SourceLine>, selection: &Selection) -> Plan {
    Plan::of(journey(lines), selection).unwrap()
}

fn first(baskets: usize) -> Selection {
    Selection { baskets_max: Some(baskets), department: None }
}

fn of(department: &str) -> Selection {
    Selection { baskets_max: None, department: Some(department.to_owned()) }
}

fn basket_ids(plan: &Plan) -> Vec<i64> {
    plan.baskets.iter().map(|basket| basket.basket_id).collect()
}

#[test]
fn lines_of_one_product_in_one_basket_are_added_up() {
    let plan =
        plan(vec![line(10, 2, 3, 3.0), line(10, 1, 1, 1.0), line(10, 2, 4, 4.0)], &Selection::default());
    let expected = [PlannedLine { product_id: 1, quantity: 1 }, PlannedLine { product_id: 2, quantity: 7 }];
    assert_eq!(plan.baskets[0].lines, expected);
    assert_eq!(plan.products[&2].stock, 7);
}

#[test]
fn a_product_has_the_stock_that_the_chosen_baskets_need_and_the_price_of_all() {
    let later = |line: SourceLine| SourceLine { at_us: 2 * HOUR, ..line };
    let lines = vec![line(10, 1, 2, 2.0), later(line(11, 1, 1, 5.0)), later(line(12, 1, 1, 6.0))];
    let plan = plan(lines, &first(1));
    assert_eq!(plan.products[&1].stock, 2);
    assert_eq!(plan.products[&1].price_cents, 500, "the middle of 1, 5 and 6");
    assert_eq!(plan.products.len(), 1);
}

#[test]
fn each_line_counts_once_in_the_price_however_many_pieces_it_has() {
    let lines = vec![line(10, 1, 100, 100.0), line(11, 1, 1, 2.0), line(12, 1, 1, 3.0)];
    assert_eq!(plan(lines, &Selection::default()).products[&1].price_cents, 200);
}

#[test]
fn baskets_come_by_the_time_of_their_first_line_and_then_by_their_id() {
    let at = |basket_id, hours| SourceLine { at_us: hours * HOUR, ..line(basket_id, 1, 1, 1.0) };
    let lines = vec![at(12, 3), at(30, 2), at(11, 9), at(20, 2), at(11, 1)];
    let all = plan(lines.clone(), &Selection::default());
    assert_eq!(basket_ids(&all), [11, 20, 30, 12]);
    assert_eq!(all.baskets[0].at_us, HOUR);
    assert_eq!(basket_ids(&plan(lines, &first(2))), [11, 20]);
}

#[test]
fn of_a_department_only_its_lines_count() {
    let at = |hours, line| SourceLine { at_us: hours * HOUR, ..line };
    let lines = vec![
        at(1, line(10, 3, 1, 9.0)),
        at(2, line(11, 3, 1, 9.0)),
        at(2, line(11, 1, 1, 1.0)),
        line(12, 2, 1, 1.0),
    ];
    let produce = plan(lines.clone(), &of("PRODUCE"));
    assert_eq!(basket_ids(&produce), [12, 11]);
    assert_eq!(produce.products.keys().copied().collect::<Vec<_>>(), [1, 2]);
    assert_eq!(produce.baskets[1].lines, [PlannedLine { product_id: 1, quantity: 1 }]);
    let one = Selection { baskets_max: Some(1), ..of("MEAT") };
    assert_eq!(basket_ids(&plan(lines, &one)), [10]);
}

#[test]
fn a_department_that_sells_nothing_is_named_with_those_that_do() {
    let refused = Plan::of(journey(vec![line(10, 3, 1, 1.0)]), &of("PRODUCE")).unwrap_err();
    let known = vec!["MEAT".to_owned()];
    assert_eq!(refused, PlanError::NoSuchDepartment { wanted: "PRODUCE".to_owned(), known });
}

#[test]
fn a_product_that_no_file_knows_is_imported_all_the_same() {
    let plan = plan(vec![line(10, 4, 1, 1.0)], &Selection::default());
    assert_eq!(plan.products[&4].source, SourceProduct { product_id: 4, ..SourceProduct::default() });
    assert_eq!(plan.manufacturers().into_iter().collect::<Vec<_>>(), [None]);
}

#[test]
fn what_cannot_become_an_order_is_refused_before_anything_is_written() {
    let refusal = |lines| Plan::of(journey(lines), &Selection::default()).unwrap_err();
    let other = SourceLine { household_id: 901, ..line(10, 2, 1, 1.0) };
    assert_eq!(refusal(vec![line(10, 1, 1, 1.0), other]), PlanError::SeveralBuyers(10));
    let many = (0..=200).map(|product_id| line(10, product_id, 1, 1.0)).collect();
    assert_eq!(refusal(many), PlanError::TooManyLines { basket_id: 10, lines: 201 });
    assert_eq!(refusal(vec![line(10, 1, 1, f64::INFINITY)]), PlanError::NoPrice(1));
    assert_eq!(refusal(vec![line(10, 1, 1, 1e9)]), PlanError::NoPrice(1));
    let timeless = SourceLine { at_us: i64::MAX, ..line(10, 1, 1, 1.0) };
    assert_eq!(refusal(vec![timeless]), PlanError::NoTime(10));
    assert_eq!(refusal(vec![]), PlanError::Nothing);
}
