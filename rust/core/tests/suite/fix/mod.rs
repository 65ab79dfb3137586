mod draft;
mod fields;
mod frame;
mod logon;
mod rules;
mod stream;
