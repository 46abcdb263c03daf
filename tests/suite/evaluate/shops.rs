//! Two shops whose classes can be told exactly.

use crate::support::place::Place;

/// Three classes of which `x` tells exactly, in two shops; `size` tells nothing.
pub fn shops(rows: u32) -> String {
    let mut text = String::from("shop,x,size,colour,group,class\n");
    for row in 0..rows {
        let class = ["low", "mid", "top"][(row % 3) as usize];
        let shop = if row % 2 == 0 { "north" } else { "south" };
        let group = if row % 5 < 2 { "a" } else { "b" };
        text += &format!("{shop},{}.5,{},red,{group},{class}\n", row % 3, row % 7);
    }
    text
}

/// A place with a store of so many rows of the two shops.
pub fn trained_shops(rows: u32) -> Place {
    let place = Place::new();
    place.write("train.csv", shops(rows));
    place
        .run("train --input train.csv --key shop --target class --ignore group --output-dir models")
        .succeeded();
    place
}
