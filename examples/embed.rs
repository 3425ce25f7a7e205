//! A Rust program that lets a script extend it: `cargo run --example embed`
//!
//! The script gets one function of ours and nothing else: no files, no network, 16 MB, one
//! second.

use std::time::Duration;

use holm::{Config, Engine, Error, Function, Isolate};

const SCRIPT: &str = "
    (order) => {
        const total = order.items.reduce((sum, item) => sum + item.price * item.count, 0);
        log(`${order.items.length} items`);
        return total > 100 ? total * 0.9 : total;
    }
";

fn main() -> Result<(), Error> {
    let engine = Engine::new(Config::default())?;
    let mut isolate = Isolate::builder(&engine)
        .memory_limit_bytes(16 << 20)
        .time_limit(Duration::from_secs(1))
        .build()?;
    let total: f64 = isolate.enter(|scope| {
        let log = scope.function("log", |scope, arguments| {
            println!("script: {}", arguments[0].to_text(scope)?);
            scope.value(())
        })?;
        scope.global().set(scope, "log", log)?;
        let price: Function = scope.eval(SCRIPT)?;
        let order: holm::Value =
            scope.eval("({ items: [{ price: 30, count: 3 }, { price: 40, count: 1 }] })")?;
        price.call(scope, (order,))
    })?;
    println!("total: {total}");
    Ok(())
}
