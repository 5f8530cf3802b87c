/**
 * One format of secret that is known by its prefix:
 * its name; the literal text that every key begins with and that its mask keeps; a regular expression of the rest, every
 * repetition bounded, so that time is linear in the text; who documents the format; the rest of an example key, in which
 * `{n}` stands for n letters and digits and `{hex:n}` for n hexadecimal digits.
 */
export type VendorKeyRow = readonly [name: string, prefix: string, rest: string, source: string, example: string]
