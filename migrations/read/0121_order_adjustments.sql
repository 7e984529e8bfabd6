-- Lines that have become less since they were paid: [{adjustment, product_id, quantity, total, by, actor, cause, note, at, refund,
-- refund_status, refund_id}], oldest first. Rows that are there have none: no event says otherwise.
alter table orders add column adjustments jsonb not null default '[]';
