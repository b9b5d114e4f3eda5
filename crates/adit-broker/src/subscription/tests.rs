mod joining;
mod lagging;
mod property;
mod republished;
mod resting;
mod waking;
