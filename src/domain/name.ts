/** Names end up in headers, metrics and file names. */
export const NAME = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$/;

export const NAME_RULE = "a name has 1 to 64 letters, digits or . _ : / -, and begins with a letter or digit";
