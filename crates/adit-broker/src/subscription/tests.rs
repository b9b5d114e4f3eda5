mod joining;
mod lagging;
mod property;
