// What a new password must be, as far as the browser can tell; the server knows more and has the last word.
export const MIN_CHARACTERS = 12;
export const MAX_BYTES = 256;

/** Why this will not do as a password, or an empty text when it may. `own` are words that are easy to guess here. */
export function weakness(password: string, own: readonly string[] = []): string {
  const characters = [...password].length;
  if (characters < MIN_CHARACTERS)
    return `${MIN_CHARACTERS - characters} more to go: at least ${MIN_CHARACTERS}.`;
  if (new TextEncoder().encode(password).length > MAX_BYTES) return "Too long: at most 256 bytes.";
  if (new Set(password).size < 4) return "Too few different characters.";
  const bare = plain(password);
  const guess = own
    .flatMap((word) => word.split("@"))
    .find((word) => word.length > 3 && bare === plain(word));
  return guess ? "Easy to guess: it is made of your name, your e-mail or the company's name." : "";
}

/** Without case, and without what is not a letter. */
const plain = (text: string) => text.toLowerCase().replace(/[^\p{L}]/gu, "");
