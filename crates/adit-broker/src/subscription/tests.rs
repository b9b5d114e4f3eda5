mod joining;
mod lagging;
mod property;
mod waking;
