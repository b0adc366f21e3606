//! The store on SQLite, through its public doors: the contract suites, and what only a file can do.

#[cfg(test)]
mod contract;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod group_commit;
#[cfg(test)]
mod key_generations;
#[cfg(test)]
mod opening;
#[cfg(test)]
mod place;
#[cfg(test)]
mod retention;
#[cfg(test)]
mod secrets;
