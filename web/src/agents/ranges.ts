// The ranges of a scan task as one types them: one a line, or with commas between them.

export function rangesOf(text: string): string[] {
  return text
    .split(/[\n,;]+/)
    .map((range) => range.trim())
    .filter((range) => range !== "");
}
