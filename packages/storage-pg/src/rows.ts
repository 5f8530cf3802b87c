/** Type ids of Postgres, from its `pg_type.dat`. */
const BOOL = 16
const BYTEA = 17
const INT8 = 20
const INT2 = 21
const INT4 = 23
const FLOAT8 = 701
const TIMESTAMPTZ = 1184
const NUMERIC = 1700

const parsers: Readonly<Record<number, (text: string) => unknown>> = {
  [BOOL]: (text) => text === 't',
  [BYTEA]: (text) => Buffer.from(text.slice(2), 'hex'),
  [INT8]: Number,
  [INT2]: Number,
  [INT4]: Number,
  [FLOAT8]: Number,
  [NUMERIC]: Number,
  [TIMESTAMPTZ]: toEpochMs,
}

const asText = (text: string) => text

/**
 * How columns become values: counts are numbers, times are epoch milliseconds, bytes are buffers, all else is text. Given
 * with each statement, because the parsers of node-postgres are global and a host may have set its own.
 */
export const columnTypes = {
  getTypeParser: (typeId: number) => parsers[typeId] ?? asText,
  setTypeParser() {},
}

/** Postgres writes `2026-11-24 20:53:48.123+00`, in its ISO style. */
function toEpochMs(text: string): number {
  return Date.parse(text.replace(' ', 'T').replace(/[+-]\d\d$/, '$&:00'))
}

/** Epoch milliseconds as a timestamptz parameter. */
export function toTimestamp(ms: number): string {
  return new Date(ms).toISOString()
}

/** The UTC day of `ms`: `2026-11-24`. */
export function toDay(ms: number): string {
  return toTimestamp(ms).slice(0, 10)
}

/** Text that Postgres can hold: U+0000, which it cannot, becomes U+FFFD, as lone surrogates do on their way out. */
export function toStorable(text: string): string
export function toStorable(text: string | null): string | null
export function toStorable(text: string | null): string | null {
  return text === null ? null : text.replaceAll('\0', '\uFFFD')
}

/** Names that are indexed are cut at this length, because an index holds no long ones. */
const LONGEST_NAME = 256

/** A name that someone else made up, for a column that is indexed. */
export function toIndexable(name: string | null): string | null {
  return toStorable(name)?.slice(0, LONGEST_NAME) ?? null
}

/** Names of content, one after the other as bytes. */
export function toNames(names: readonly string[]): Buffer {
  return Buffer.from(names.join(''), 'hex')
}

/** What {@link toNames} was given. */
export function fromNames(names: Buffer): string[] {
  return names.toString('hex').match(/.{32}/g) ?? []
}

/** Domains are never null in a table, because unique keys hold them. */
export function toDomainColumn(domain: string | null): string {
  // What UTF-8 cannot hold comes back as U+FFFD, and is compared with what was given.
  return Buffer.from(toStorable(domain ?? '')).toString()
}

/** The domain that {@link toDomainColumn} stored. */
export function fromDomainColumn(domain: string): string | null {
  return domain === '' ? null : domain
}
