//! Vectors against what others make of them. `Py3AMF` knows none, so the bytes here are those that the package `amf3-ts` 1.1.0 of npm
//! writes, or, where it cannot write them, ones that it reads as the same values. It has no vectors of objects: their bytes are written
//! down from the grammar [AMF3 3.15].

use super::*;

fn of<T>(items: Vec<T>) -> Vector<T> {
    let fixed = false;
    Vector { fixed, items }
}

fn fixed<T>(items: Vec<T>) -> Vector<T> {
    let fixed = true;
    Vector { fixed, items }
}

fn objects(class: &str, items: Vec<Value>) -> Value {
    Value::VectorObject(Box::new(ObjectVector {
        class: class.into(),
        fixed: false,
        items,
    }))
}

#[test]
fn vectors_of_numbers_are_what_another_library_writes() {
    let int = || Value::VectorInt(of(vec![0, 1, i32::MAX]));
    check("0D 07 00 00000000 00000001 7FFFFFFF", int());
    let uint = || Value::VectorUint(of(vec![0, 1, 0x7FFF_FFFF]));
    check("0E 07 00 00000000 00000001 7FFFFFFF", uint());
    let double = || Value::VectorDouble(of(vec![0.0, 1.5, -0.1, f64::INFINITY]));
    let bytes = "0F 09 00 0000000000000000 3FF8000000000000 BFB999999999999A 7FF0000000000000";
    check(bytes, double());
    check("0D 03 01 00000007", Value::VectorInt(fixed(vec![7])));
    check("0D 01 00", Value::VectorInt(of(vec![])));
    check("0E 01 00", Value::VectorUint(of(vec![])));
    check("0F 01 00", Value::VectorDouble(of(vec![])));
    // From 64 items on the count takes two bytes.
    let items: Vec<_> = (0..64).map(|n| format!("{n:08X}")).collect();
    check(
        &format!("0D 8101 00 {}", items.concat()),
        Value::VectorInt(of((0..64).collect())),
    );
    // Each has a place in the table of objects, behind the array they are in.
    let all = vec![
        int(),
        uint(),
        double(),
        Value::VectorInt(fixed(vec![7])),
        Value::Reference(1),
        Value::Reference(3),
        Value::Reference(2),
    ];
    check(
        "09 0F 01 0D 07 00 00000000 00000001 7FFFFFFF 0E 07 00 00000000 00000001 7FFFFFFF \
         0F 09 00 0000000000000000 3FF8000000000000 BFB999999999999A 7FF0000000000000 \
         0D 03 01 00000007 0D 02 0F 06 0E 04",
        array(all),
    );
}

#[test]
fn vectors_of_numbers_are_what_another_library_reads() {
    check(
        "0D 05 00 00000001 FFFFFFFF",
        Value::VectorInt(of(vec![1, -1])),
    );
    check(
        "0E 05 01 FFFFFFFF 80000000",
        Value::VectorUint(fixed(vec![u32::MAX, 0x8000_0000])),
    );
    check(
        "0F 05 00 3FF8000000000000 FFF0000000000000",
        Value::VectorDouble(of(vec![1.5, f64::NEG_INFINITY])),
    );
}

#[test]
fn vectors_of_anything_else_follow_the_grammar() {
    // U29V-value, fixed-vector, object-type-name, the values; the name is a string like all others and has its place in their table.
    check("10 01 00 03 '*'", objects("*", vec![]));
    let items = vec![Value::Undefined, 1.into(), "*".into()];
    check("10 07 00 03 '*' 00 04 01 06 00", objects("*", items));
    // A vector of vectors.
    let inner = || objects("a", vec![Value::VectorInt(of(vec![1]))]);
    let items = vec![inner(), Value::Reference(1), Value::Reference(2)];
    check(
        "10 07 00 03 'b' 10 03 00 03 'a' 0D 03 00 00000001 10 02 0D 04",
        objects("b", items),
    );
}
