//! Users of pools that are made for each device: a template has names in braces, which stand for what is known of the device.

use super::{Operation, Pool, operation::BadPool};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A name that may stand in braces in a pool's user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplateField {
    /// What the device is called: `dev-42`.
    Name,
    /// Its address: `10.1.2.3`.
    Ip,
    /// The third number of its IPv4 address.
    Ip3,
    /// The fourth.
    Ip4,
    /// Its MAC as 12 hex digits in small letters.
    Mac,
    /// Its serial number, as the maker writes it.
    Serial,
    /// Where it stands: its container's name.
    Position,
    /// The name of the sub-account that it belongs to.
    SubAccount,
}

impl TemplateField {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::Name, Self::Ip, Self::Ip3, Self::Ip4, Self::Mac, Self::Serial, Self::Position, Self::SubAccount];

    /// As it stands in braces.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Ip => "ip",
            Self::Ip3 => "ip3",
            Self::Ip4 => "ip4",
            Self::Mac => "mac",
            Self::Serial => "serial",
            Self::Position => "position",
            Self::SubAccount => "sub_account",
        }
    }

    /// What a device lacks for which it stands for nothing.
    #[must_use]
    pub const fn means(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Ip => "address",
            Self::Ip3 | Self::Ip4 => "IPv4 address",
            Self::Mac => "MAC address",
            Self::Serial => "serial number",
            Self::Position => "position",
            Self::SubAccount => "sub-account",
        }
    }
}

/// A text with braces that are no name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0} is no name that a user may have in braces: use {{name}}, {{ip}}, {{ip3}}, {{ip4}}, {{mac}}, {{serial}}, \
     {{position}} or {{sub_account}}, and no other braces"
)]
pub struct NotATemplate(String);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(TemplateField),
}

/// A pool's user, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

impl Template {
    /// Takes a user apart; one without braces stands for itself.
    ///
    /// # Errors
    /// A brace that neither begins nor ends one of the names.
    pub fn parse(user: &str) -> Result<Self, NotATemplate> {
        let mut parts = Vec::new();
        let mut rest = user;
        while let Some(at) = rest.find(['{', '}']) {
            let (text, braced) = rest.split_at(at);
            let end = braced.find('}').map_or(braced.len(), |end| end + 1);
            let (braced, after) = braced.split_at(end);
            let field = TemplateField::ALL.into_iter().find(|field| braced == format!("{{{}}}", field.name()));
            if !text.is_empty() {
                parts.push(Part::Text(text.to_owned()));
            }
            parts.push(Part::Field(field.ok_or_else(|| NotATemplate(braced.chars().take(40).collect()))?));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// The names in it, each once.
    #[must_use]
    pub fn fields(&self) -> BTreeSet<TemplateField> {
        let field = |part: &Part| match part {
            Part::Field(field) => Some(*field),
            Part::Text(_) => None,
        };
        self.0.iter().filter_map(field).collect()
    }

    /// The user of one device.
    ///
    /// # Errors
    /// The first name for which there is no value, or an empty one.
    pub fn expand<'v>(&self, value: impl Fn(TemplateField) -> Option<&'v str>) -> Result<String, TemplateField> {
        let mut user = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => user.push_str(text),
                Part::Field(field) => user.push_str(value(*field).filter(|value| !value.is_empty()).ok_or(*field)?),
            }
        }
        Ok(user)
    }
}

/// What names stand for on one device.
pub type FieldValues = BTreeMap<TemplateField, String>;

/// Why a device cannot be given an operation's users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoUser {
    /// Nothing is known of it for which this name could stand.
    Lacks(TemplateField),
    /// What came of it is nothing that pools and miners take.
    Unfit(BadPool),
    /// A user is no template.
    NotATemplate(NotATemplate),
}

impl<P: Clone> Operation<P> {
    /// The names in its users; none where it has no users.
    ///
    /// # Errors
    /// A user that is no template.
    pub fn template_fields(&self) -> Result<BTreeSet<TemplateField>, NotATemplate> {
        match self {
            Self::SetPools { pools } => {
                let templates = pools.iter().map(|pool| Template::parse(&pool.user));
                templates.map(|template| Ok(template?.fields())).try_fold(BTreeSet::new(), |mut all, fields| {
                    all.append(&mut fields?);
                    Ok(all)
                })
            }
            Self::Reboot {}
            | Self::RestartMining {}
            | Self::Pause {}
            | Self::Resume {}
            | Self::SetPowerMode { .. }
            | Self::Locate { .. } => Ok(BTreeSet::new()),
        }
    }

    /// What one device is told: the users made for it.
    ///
    /// # Errors
    /// Why it has none.
    pub fn expanded<'v>(&self, value: impl Fn(TemplateField) -> Option<&'v str>) -> Result<Self, NoUser> {
        let Self::SetPools { pools } = self else { return Ok(self.clone()) };
        let expand = |pool: &Pool<P>| {
            let template = Template::parse(&pool.user).map_err(NoUser::NotATemplate)?;
            let user = template.expand(&value).map_err(NoUser::Lacks)?;
            let pool = Pool { url: pool.url.clone(), user, password: pool.password.clone() };
            pool.check().map_err(NoUser::Unfit).map(|()| pool)
        };
        Ok(Self::SetPools { pools: pools.iter().map(expand).collect::<Result<_, _>>()? })
    }
}

/// The template that makes the users that these devices have, if they differ and one does: names are put where the first device's
/// values stand in its user, in at most two places.
#[must_use]
pub fn template_of(devices: &[(String, FieldValues)]) -> Option<String> {
    let ((first, values), others) = devices.split_first()?;
    if first.contains(['{', '}']) || others.iter().all(|(user, _)| user == first) {
        return None;
    }
    let makes_all = |template: &String| {
        let Ok(template) = Template::parse(template) else { return false };
        let makes = |(user, values): &(String, FieldValues)| {
            template.expand(|field| values.get(&field).map(String::as_str)).is_ok_and(|made| made == *user)
        };
        devices.iter().all(makes)
    };
    let once = with_name(first, 0, values);
    once.iter().map(|(template, _)| template.clone()).find(makes_all).or_else(|| {
        once.iter().flat_map(|(text, from)| with_name(text, *from, values)).map(|(text, _)| text).find(makes_all)
    })
}

/// The text with one name in place of the value it stands for, in every way from a place on, and where the text goes on behind it.
fn with_name(text: &str, from: usize, values: &FieldValues) -> Vec<(String, usize)> {
    let mut all = Vec::new();
    for (field, value) in values.iter().filter(|(_, value)| !value.is_empty()) {
        for (at, _) in text.match_indices(value.as_str()).filter(|(at, _)| *at >= from) {
            let before = format!("{}{{{}}}", &text[..at], field.name());
            let behind = before.len();
            all.push((before + &text[at + value.len()..], behind));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;
    use proptest::{collection::vec, prelude::*, sample::select};

    fn values() -> impl Strategy<Value = FieldValues> {
        vec("[a-zA-Z0-9.:-]{1,12}", 8).prop_map(|texts| TemplateField::ALL.into_iter().zip(texts).collect())
    }

    /// Texts and names in any order.
    fn parts() -> impl Strategy<Value = Vec<Result<String, TemplateField>>> {
        let part = prop_oneof!["[a-z.@_0-9-]{0,6}".prop_map(Ok), select(TemplateField::ALL.to_vec()).prop_map(Err)];
        vec(part, 0..8)
    }

    fn written(parts: &[Result<String, TemplateField>]) -> String {
        let part = |part: &Result<String, TemplateField>| match part {
            Ok(text) => text.clone(),
            Err(field) => format!("{{{}}}", field.name()),
        };
        parts.iter().map(part).collect()
    }

    fn of<'v>(values: &'v FieldValues) -> impl Fn(TemplateField) -> Option<&'v str> {
        |field| values.get(&field).map(String::as_str)
    }

    proptest! {
        #[test]
        fn every_name_stands_for_its_value_and_all_else_for_itself(parts in parts(), values in values()) {
            let template = Template::parse(&written(&parts)).unwrap();
            let value = |part: &Result<String, TemplateField>| match part {
                Ok(text) => text.clone(),
                Err(field) => values[field].clone(),
            };
            prop_assert_eq!(template.expand(of(&values)).unwrap(), parts.iter().map(value).collect::<String>());
            let fields = parts.iter().filter_map(|part| part.as_ref().err().copied()).collect();
            prop_assert_eq!(template.fields(), fields);
        }

        #[test]
        fn what_has_no_value_or_an_empty_one_is_no_user(parts in parts(), values in values(), empty in any::<bool>()) {
            let template = Template::parse(&written(&parts)).unwrap();
            for field in template.fields() {
                let mut values = values.clone();
                if empty { values.insert(field, String::new()); } else { values.remove(&field); }
                prop_assert_eq!(template.expand(of(&values)), Err(field));
            }
        }

        /// A text is a template exactly if nothing but the eight names stands in braces.
        #[test]
        fn other_braces_are_refused(text in "[{}a-z.]{0,10}", name in "[{}a-zA-Z0-9_ ]{0,11}", after in "[{}a-z.]{0,6}") {
            for text in [text.clone(), format!("{text}{{{name}}}{after}"), format!("{text}{{serial}}{after}")] {
                let mut rest = text.clone();
                for field in TemplateField::ALL {
                    rest = rest.replace(&format!("{{{}}}", field.name()), "");
                }
                // Taking a name out may bring two halves of another together.
                let is_plain = !text.contains(['{', '}']);
                let parsed = Template::parse(&text);
                if is_plain { prop_assert!(parsed.is_ok()); }
                if rest.contains(['{', '}']) { prop_assert!(parsed.is_err(), "{text}"); }
                if let Ok(template) = parsed {
                    let again: String = template.0.iter().map(|part| match part {
                        Part::Text(text) => text.clone(),
                        Part::Field(field) => format!("{{{}}}", field.name()),
                    }).collect();
                    prop_assert_eq!(again, text);
                }
            }
        }

        /// What is proposed for users that devices have makes those users.
        #[test]
        fn a_proposed_template_makes_the_users_that_there_are(
            parts in parts(), all in vec(values(), 2..6),
        ) {
            let template = Template::parse(&written(&parts)).unwrap();
            let users: Vec<_> = all.iter().map(|values| template.expand(of(values)).unwrap()).collect();
            let devices: Vec<_> = users.iter().cloned().zip(all.clone()).collect();
            if let Some(proposed) = template_of(&devices) {
                let proposed = Template::parse(&proposed).unwrap();
                for (user, values) in users.iter().zip(&all) {
                    prop_assert_eq!(&proposed.expand(of(values)).unwrap(), user);
                }
            }
        }
    }

    #[test]
    fn the_refusal_names_what_is_wrong_and_every_name_there_is() {
        for (user, wrong) in [
            ("farm.{serail}", "{serail}"),
            ("farm.{name", "{name"),
            ("farm.name}", "}"),
            ("farm.{}", "{}"),
            ("farm.{NAME}", "{NAME}"),
            ("farm.{{name}}", "{{name}"),
            ("farm.{ name }", "{ name }"),
        ] {
            let said = Template::parse(user).unwrap_err().to_string();
            assert!(said.starts_with(&format!("{wrong} is no name")), "{user}: {said}");
            for field in TemplateField::ALL {
                assert!(said.contains(&format!("{{{}}}", field.name())), "{said}");
            }
        }
    }

    #[test]
    fn templates_are_found_in_what_miners_have() {
        let device = |n: u32| -> FieldValues {
            [
                (TemplateField::Name, format!("dev-{n}")),
                (TemplateField::Ip, format!("10.0.{}.{n}", n % 3)),
                (TemplateField::Ip3, (n % 3).to_string()),
                (TemplateField::Ip4, n.to_string()),
                (TemplateField::Serial, format!("S{:04}", n * 7)),
            ]
            .into()
        };
        let found =
            |user: &dyn Fn(u32) -> String| template_of(&(11..15).map(|n| (user(n), device(n))).collect::<Vec<_>>());
        assert_eq!(found(&|n| format!("acct.dev-{n}")).as_deref(), Some("acct.{name}"));
        assert_eq!(found(&|n| format!("acct.S{:04}x", n * 7)).as_deref(), Some("acct.{serial}x"));
        assert_eq!(found(&|n| format!("acct.{}x{n}", n % 3)).as_deref(), Some("acct.{ip3}x{ip4}"));
        assert_eq!(found(&|_| "acct.rig".into()), None, "the same for all needs no template");
        assert_eq!(found(&|n| format!("acct.{}", n * n)), None);
        assert_eq!(found(&|n| if n == 14 { "acct.old".into() } else { format!("acct.dev-{n}") }), None);
    }
}
