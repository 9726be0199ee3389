import type { Problem } from "../api/types";

const SAID: Record<string, [title: string, detail: string]> = {
  sso_no_person: [
    "Nobody here has this identity",
    "Sign in with your password, then link the identity on your Security page. If you have no account, ask for an invitation.",
  ],
  sso_taken: [
    "This identity is somebody else's here",
    "It signs in another person. They can unlink it on their Security page.",
  ],
  sso_unverified: [
    "Your e-mail here is not confirmed",
    "Sign in with your password and confirm it on your Security page; then this identity can sign you in.",
  ],
  sso_failed: [
    "Single sign-on did not work",
    "The provider did not confirm who you are. Try again, or sign in another way.",
  ],
};

/** What to say about the code with which single sign-on came back. */
export function ssoRefusal(code: string): Problem {
  const [title, detail] = SAID[code] ?? SAID.sso_failed ?? ["", ""];
  return { type: "about:blank", title, detail, status: 401, code };
}
