//! Operations on sites, containers, sub-accounts, agents and scan tasks.

use super::{Operation, delete, get, post, put};
use crate::api::{collection, money, structure};
use adit_core::authz::Permission as P;

/// Rows of the table.
pub fn operations() -> Vec<Operation> {
    let mut all = places();
    all.extend(collecting());
    all
}

fn places() -> Vec<Operation> {
    vec![
        get("/sites", structure::sites, "Sites.").needs(P::DeviceList).gives(200, "SitePage"),
        post("/sites", structure::create_site, "Asks for a site.")
            .once_in_log()
            .needs(P::SiteManage)
            .takes("SiteAsk")
            .gives(201, "SiteMade")
            .gives(202, "SiteMade"),
        get("/sites/{id}", structure::site, "One site, and how much goes with it.")
            .needs(P::DeviceList)
            .gives(200, "Site"),
        put("/sites/{id}", structure::change_site, "Asks for another name or capacity.")
            .needs(P::SiteManage)
            .header(&["if-match"])
            .takes("SiteAsk")
            .gives(200, "Request")
            .gives(202, "Request"),
        delete("/sites/{id}", structure::remove_site, "Asks to take a site away, with everything on it.")
            .needs(P::SiteManage)
            .header(&["if-match"])
            .query(&["name!"])
            .gives(200, "Request")
            .gives(202, "Request"),
        get("/containers", structure::containers, "Containers.")
            .needs(P::DeviceList)
            .query(&["site"])
            .gives(200, "ContainerPage"),
        post("/sites/{id}/containers", structure::create_container, "Makes a container.")
            .once()
            .needs(P::InventoryManage)
            .takes("Named")
            .gives(201, "Container"),
        put("/containers/{id}", structure::rename_container, "Gives a container another name.")
            .refuses(&[409])
            .needs(P::InventoryManage)
            .header(&["if-match"])
            .takes("Named")
            .gives(200, "Container"),
        delete("/containers/{id}", structure::remove_container, "Takes an empty container away.")
            .refuses(&[409])
            .needs(P::InventoryManage)
            .header(&["if-match"])
            .gives(204, ""),
        get("/sub-accounts", structure::sub_accounts, "Sub-accounts.")
            .needs(P::DeviceList)
            .gives(200, "SubAccountPage"),
        post("/sub-accounts", structure::create_sub_account, "Makes a sub-account.")
            .once()
            .needs(P::SubaccountCreate)
            .takes("Named")
            .gives(201, "SubAccount"),
        put("/sub-accounts/{id}", structure::rename_sub_account, "Gives a sub-account another name.")
            .refuses(&[409])
            .needs(P::SubaccountCreate)
            .header(&["if-match"])
            .takes("Named")
            .gives(200, "SubAccount"),
        get("/sub-accounts/{id}/wallet", money::wallet, "Where a sub-account's money is paid to, and what it is owed.")
            .needs(P::WalletView)
            .gives(200, "WalletOf"),
        get("/sub-accounts/{id}/allocation", money::allocation, "How a sub-account's revenue is shared out.")
            .needs(P::RevenueView)
            .gives(200, "AllocationOf"),
        delete("/sub-accounts/{id}", structure::remove_sub_account, "Asks to take an empty sub-account away.")
            .needs(P::SubaccountDelete)
            .header(&["if-match"])
            .gives(200, "Request")
            .gives(202, "Request"),
    ]
}

fn collecting() -> Vec<Operation> {
    vec![
        post("/agents", collection::create_agent, "Asks for an agent; its one-time token is in the answer, once.")
            .once()
            .needs(P::AgentManage)
            .takes("AgentAsk")
            .gives(201, "AgentMade")
            .gives(202, "AgentMade"),
        post(
            "/agents/{id}/token",
            collection::reissue_token,
            "Asks for another one-time token for an agent that has not enrolled; it is in the answer, once.",
        )
        .once()
        .needs(P::AgentManage)
        .takes("AgentTokenAsk")
        .gives(201, "AgentMade")
        .gives(202, "AgentMade"),
        put("/agents/{id}", collection::change_agent, "Asks for another name or way of working.")
            .needs(P::AgentManage)
            .header(&["if-match"])
            .takes("AgentChange")
            .gives(200, "Request")
            .gives(202, "Request"),
        delete("/agents/{id}", collection::revoke_agent, "Asks to revoke an agent; its scan tasks go with it.")
            .needs(P::AgentManage)
            .header(&["if-match"])
            .gives(200, "Request")
            .gives(202, "Request"),
        get("/scan-tasks", collection::scan_tasks, "Scan tasks.")
            .needs(P::DeviceList)
            .query(&["agent"])
            .gives(200, "ScanTaskPage"),
        post("/scan-tasks", collection::create_scan_task, "Asks for a scan task; its passwords are never given back.")
            .once_in_log()
            .needs(P::ScanTaskManage)
            .takes("ScanTaskAsk")
            .gives(201, "ScanTaskMade")
            .gives(202, "ScanTaskMade"),
        post(
            "/scan-tasks/check",
            collection::check,
            "What ranges come to and what is wrong with them; changes nothing.",
        )
        .refuses(&[404])
        .needs(P::ScanTaskManage)
        .takes("RangesAsk")
        .gives(200, "RangesCheck"),
        put("/scan-tasks/{id}", collection::change_scan_task, "Asks for other ranges, times or passwords.")
            .needs(P::ScanTaskManage)
            .header(&["if-match"])
            .takes("ScanTaskChange")
            .gives(200, "ScanTaskChanged")
            .gives(202, "ScanTaskChanged"),
        delete("/scan-tasks/{id}", collection::remove_scan_task, "Asks to take a scan task away.")
            .needs(P::ScanTaskManage)
            .header(&["if-match"])
            .gives(200, "Request")
            .gives(202, "Request"),
    ]
}
