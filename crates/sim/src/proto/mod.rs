//! The vendors' protocols. Each module turns requests into intents and
//! readings into the vendor's words; effects and faults are not its business.

use tokio::net::TcpStream;

use crate::config::Personality;
use crate::miner::Miner;

mod antminer;
mod antminer_http;
mod antminer_stats;
mod avalon;
mod cgminer;
mod whatsminer_v2;
mod whatsminer_v2_reads;
mod whatsminer_v3;

/// Serves a connection until either side is done with it.
pub(crate) async fn serve(miner: &Miner, stream: TcpStream, port: u16) {
    match (miner.spec.personality, port) {
        (Personality::WhatsminerV3, 4433) => whatsminer_v3::serve(miner, stream).await,
        (Personality::WhatsminerV2 | Personality::WhatsminerV3, _) => {
            whatsminer_v2::serve(miner, stream).await;
        }
        (Personality::AvalonA, _) => avalon::serve(miner, stream).await,
        (Personality::AntminerStock, 80) => antminer_http::serve(miner, stream).await,
        (Personality::AntminerStock, _) => antminer::serve(miner, stream).await,
    }
}
