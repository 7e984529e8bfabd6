//! Every event there is: the domain's, and those of the process managers.

use agrodeep_process_managers::order_fulfilment::OrderFulfilmentEvent;
use agrodeep_schemas::CatalogueEntry;

/// What may be in the log, and what of it is personal.
pub fn catalogue() -> Vec<CatalogueEntry> {
    let mut catalogue = agrodeep_schemas::catalogue();
    catalogue.extend(CatalogueEntry::of::<OrderFulfilmentEvent>("order_fulfilment"));
    catalogue
}
