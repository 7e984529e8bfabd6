//! Cargo does not notice by itself that a migration was added. And the double of a KurrentDB server needs its protocol.

fn main() {
    println!("cargo:rerun-if-changed=../migrations");
    #[cfg(feature = "kurrentdb-double")]
    protocol::compile();
}

#[cfg(feature = "kurrentdb-double")]
mod protocol {
    use std::{path::PathBuf, process::Command};

    /// Compiles the protocol from the protos that come with the crate `kurrentdb`, so that client and double speak the same
    /// version and no copy of them is kept here.
    pub fn compile() {
        println!("cargo:rerun-if-changed=../Cargo.lock");
        println!("cargo:rerun-if-changed=build.rs");
        let folder = protos();
        let files = ["streams.proto", "serverfeatures.proto", "gossip.proto"];
        let descriptors = protox::compile(files.map(|file| folder.join(file)), [&folder])
            .unwrap_or_else(|error| panic!("the protos of kurrentdb: {error:?}"));
        tonic_build::configure()
            .build_client(false)
            .extern_path(".event_store.client.Empty", "()")
            .bytes(["."])
            .include_file("kurrentdb_protocol.rs")
            .compile_fds(descriptors)
            .unwrap_or_else(|error| panic!("the protocol of kurrentdb: {error}"));
    }

    /// The folder of the protos. The crate has no build script that could tell, so Cargo is asked where it is.
    fn protos() -> PathBuf {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let output = Command::new(cargo)
            .args(["metadata", "--format-version=1", "--offline"])
            .output()
            .unwrap_or_else(|error| panic!("cargo metadata: {error}"));
        assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
        let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("what cargo metadata says: {error}"));
        let packages = metadata["packages"].as_array().into_iter().flatten();
        let manifest = packages
            .filter(|package| package["name"] == "kurrentdb")
            .find_map(|package| package["manifest_path"].as_str())
            .unwrap_or_else(|| panic!("there is no package kurrentdb"));
        PathBuf::from(manifest).with_file_name("protos")
    }
}
