//! Makes what a handler wants out of what was sent. Every refusal is a [`Fault`] at its field.

use super::{
    fault::{Fault, UNKNOWN},
    tree::Tree,
};
use serde::{
    Deserializer,
    de::{
        DeserializeSeed, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
        value::{BorrowedStrDeserializer, StrDeserializer},
    },
    forward_to_deserialize_any,
};
use std::slice;

#[derive(Clone, Copy)]
pub struct Reader<'de>(pub &'de Tree);

type Read<T> = Result<T, Fault>;

impl<'de> Reader<'de> {
    fn whole<T: TryFrom<i128>>(self, least: i128, most: i128) -> Read<T> {
        let value = match self.0 {
            Tree::Whole(value) => Some(*value),
            Tree::Given(text) => text.parse().ok(),
            _ => None,
        };
        let fits = value.filter(|value| (least..=most).contains(value)).and_then(|value| T::try_from(value).ok());
        fits.ok_or_else(|| match value {
            Some(_) => Fault::new(format!("must be a whole number from {least} to {most}")),
            None => Fault::new("must be a whole number"),
        })
    }

    fn number(self) -> Read<f64> {
        match self.0 {
            #[allow(clippy::cast_precision_loss, reason = "a number with a fraction was asked for")]
            Tree::Whole(value) => Ok(*value as f64),
            Tree::Float(value) => Ok(*value),
            Tree::Given(text) => text.parse().ok().filter(|value: &f64| value.is_finite()).ok_or(()),
            _ => Err(()),
        }
        .map_err(|()| Fault::new("must be a number"))
    }

    fn text(self) -> Read<&'de str> {
        match self.0 {
            Tree::Text(text) | Tree::Given(text) => Ok(text),
            _ => Err(Fault::new("must be text")),
        }
    }

    fn list(self) -> Read<Items<'de>> {
        match self.0 {
            Tree::List(items) => Ok(Items { place: 0, items: items.iter() }),
            _ => Err(Fault::new("must be a list")),
        }
    }

    fn object(self) -> Read<&'de [(String, Tree)]> {
        match self.0 {
            Tree::Object(fields) => Ok(fields),
            _ => Err(Fault::new("must be an object")),
        }
    }
}

macro_rules! whole_numbers {
    ($($method:ident $visit:ident $type:ident;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
            visitor.$visit(self.whole::<$type>($type::MIN.into(), $type::MAX.into())?)
        }
    )*};
}

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = Fault;

    whole_numbers! {
        deserialize_i8 visit_i8 i8;
        deserialize_i16 visit_i16 i16;
        deserialize_i32 visit_i32 i32;
        deserialize_i64 visit_i64 i64;
        deserialize_u8 visit_u8 u8;
        deserialize_u16 visit_u16 u16;
        deserialize_u32 visit_u32 u32;
        deserialize_u64 visit_u64 u64;
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        match self.0 {
            Tree::Null => visitor.visit_unit(),
            Tree::Bool(value) => visitor.visit_bool(*value),
            Tree::Whole(value) => match (u64::try_from(*value), i64::try_from(*value)) {
                (Ok(value), _) => visitor.visit_u64(value),
                (_, Ok(value)) => visitor.visit_i64(value),
                (Err(_), Err(_)) => Err(Fault::new("is too large a number")),
            },
            Tree::Float(value) => visitor.visit_f64(*value),
            Tree::Text(text) | Tree::Given(text) => visitor.visit_borrowed_str(text),
            Tree::List(_) => visitor.visit_seq(self.list()?),
            Tree::Object(fields) => visitor.visit_map(Fields::of(fields, &[])),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        match self.0 {
            Tree::Bool(value) => visitor.visit_bool(*value),
            Tree::Given(text) if text == "true" => visitor.visit_bool(true),
            Tree::Given(text) if text == "false" => visitor.visit_bool(false),
            _ => Err(Fault::new("must be true or false")),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        visitor.visit_f64(self.number()?)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        visitor.visit_f64(self.number()?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        visitor.visit_borrowed_str(self.text()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        visitor.visit_borrowed_str(self.text()?)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        visitor.visit_borrowed_str(self.text()?)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        visitor.visit_borrowed_str(self.text()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        match self.0 {
            Tree::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Read<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        visitor.visit_seq(self.list()?)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Read<V::Value> {
        visitor.visit_seq(self.list()?)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(self, _: &'static str, _: usize, visitor: V) -> Read<V::Value> {
        visitor.visit_seq(self.list()?)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        visitor.visit_map(Fields::of(self.object()?, &[]))
    }

    /// Fields come in the order in which the type names them: what is told apart by a name is told by it first.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Read<V::Value> {
        visitor.visit_map(Fields::of(self.object()?, names))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Read<V::Value> {
        match self.0 {
            Tree::Text(name) | Tree::Given(name) => visitor.visit_enum(Variant { name, content: None }),
            Tree::Object(fields) => match fields.as_slice() {
                [(name, content)] => visitor.visit_enum(Variant { name, content: Some(content) }),
                _ => Err(Fault::new("must be an object with one field")),
            },
            _ => Err(Fault::new("must be text")),
        }
    }

    /// Where a type passes over what it does not know, nothing is sent that it does not know.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, _: V) -> Read<V::Value> {
        Err(Fault::new(UNKNOWN))
    }

    forward_to_deserialize_any! { bytes byte_buf unit unit_struct }
}

/// Items of a list.
struct Items<'de> {
    place: usize,
    items: slice::Iter<'de, Tree>,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Read<Option<T::Value>> {
        let Some(item) = self.items.next() else { return Ok(None) };
        let place = self.place;
        self.place += 1;
        seed.deserialize(Reader(item)).map(Some).map_err(|fault| fault.under(place))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

/// Fields of an object.
struct Fields<'de> {
    left: std::vec::IntoIter<&'de (String, Tree)>,
    value: Option<&'de (String, Tree)>,
}

impl<'de> Fields<'de> {
    fn of(fields: &'de [(String, Tree)], order: &[&str]) -> Self {
        let mut left: Vec<_> = fields.iter().collect();
        left.sort_by_key(|(name, _)| order.iter().position(|known| known == name).unwrap_or(order.len()));
        Self { left: left.into_iter(), value: None }
    }
}

impl<'de> MapAccess<'de> for Fields<'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Read<Option<K::Value>> {
        self.value = self.left.next();
        let Some((name, _)) = self.value else { return Ok(None) };
        let key = seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some);
        // A field that a type does not know names itself.
        key.map_err(|fault: Fault| if fault.name() == name { fault } else { fault.under(name) })
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Read<V::Value> {
        let (name, value) = self.value.take().ok_or_else(|| Fault::new("is missing"))?;
        seed.deserialize(Reader(value)).map_err(|fault| fault.under(name))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left.len())
    }
}

/// One of several, by its name.
struct Variant<'de> {
    name: &'de str,
    content: Option<&'de Tree>,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Read<(V::Value, Self)> {
        let name = StrDeserializer::new(self.name);
        seed.deserialize(name).map(|chosen| (chosen, self))
    }
}

impl<'de> Variant<'de> {
    fn content(&self) -> Read<Reader<'de>> {
        let lacks = || Fault::new(format!("must be an object with the field {}", self.name));
        self.content.map(Reader).ok_or_else(lacks)
    }

    fn within<T>(&self, read: impl FnOnce(Reader<'de>) -> Read<T>) -> Read<T> {
        read(self.content()?).map_err(|fault| fault.under(self.name))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = Fault;

    fn unit_variant(self) -> Read<()> {
        if self.content.is_none() { Ok(()) } else { Err(Fault::new(format!("must be the text {}", self.name))) }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Read<T::Value> {
        self.within(|content| seed.deserialize(content))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Read<V::Value> {
        self.within(|content| visitor.visit_seq(content.list()?))
    }

    fn struct_variant<V: Visitor<'de>>(self, names: &'static [&'static str], visitor: V) -> Read<V::Value> {
        self.within(|content| visitor.visit_map(Fields::of(content.object()?, names)))
    }
}
