//! Tables as RFC 4180 has them.

/// One line. What a spreadsheet would take for a formula is told to be text.
pub fn line<T: AsRef<str>>(fields: &[T]) -> String {
    let fields: Vec<_> = fields.iter().map(|field| quoted(field.as_ref())).collect();
    fields.join(",") + "\r\n"
}

fn quoted(field: &str) -> String {
    let formula = field.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let field = if formula { format!("'{field}") } else { field.to_owned() };
    if field.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_break_a_line_or_run_is_quoted() {
        assert_eq!(line(&["1", "a b"]), "1,a b\r\n");
        assert_eq!(line(&["say \"x\"", "a,b", "two\nlines"]), "\"say \"\"x\"\"\",\"a,b\",\"two\nlines\"\r\n");
        assert_eq!(line(&["=1+1", "@here", "-3"]), "'=1+1,'@here,'-3\r\n");
    }
}
