// Says hello, with threads.
use std::{process::Command, sync::mpsc, thread};
fn main() {
    let (tx, rx) = mpsc::channel();
    let handles: Vec<_> = (0..8u64).map(|n| { let tx = tx.clone(); thread::spawn(move || tx.send((0..100_000u64).map(|x| x % (n + 1)).sum::<u64>()).unwrap()) }).collect();
    for h in handles { h.join().unwrap(); }
    drop(tx);
    println!("{}", rx.iter().sum::<u64>());
    let out = Command::new("/bin/echo").arg("child").output().unwrap();
    print!("{}", String::from_utf8_lossy(&out.stdout));
    println!("{}", thread::spawn(|| panic!("expected")).join().is_err());
}
