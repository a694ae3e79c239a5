/** Names end up in headers, metrics and file names. */
export const NAME = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$/;

export const NAME_RULE = "a name has 1 to 64 letters, digits or . _ : / -, and begins with a letter or digit";

/** `:`, `=` and `>` are left out, as they part a name from its value in a filter. */
export const FEEDBACK_NAME = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$/;

export const FEEDBACK_NAME_RULE =
  "a name has 1 to 64 letters, digits or . _ / -, and begins with a letter or digit";
