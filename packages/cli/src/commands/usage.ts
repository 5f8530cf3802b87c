import type { ExchangeFilter, UsageDimension, UsageRow } from '@agent-prompt-train/core'
import type { Given } from '../commands.js'
import { withDatabase } from '../database.js'
import { toTable } from '../table.js'
import { parseSince } from '../times.js'
import { UsageError } from '../usage-error.js'

const HELP = 'prompt-train usage'
const DIMENSIONS: ReadonlyMap<string, UsageDimension> = new Map([
  ['day', 'day'],
  ['domain', 'domain'],
  ['key', 'keyId'],
  ['model', 'model'],
])
const FIELDS = [
  ...['day', 'domain', 'keyId', 'model', 'requests', 'inputTokens', 'outputTokens', 'cacheReadTokens'],
  ...['cacheWrite5mTokens', 'cacheWrite1hTokens', 'costMicroUsd', 'unpricedRequests'],
] as readonly (keyof UsageRow)[]
const HEADINGS: Readonly<Record<UsageDimension, string>> = {
  day: 'DAY',
  domain: 'DOMAIN',
  keyId: 'KEY',
  model: 'MODEL',
}
const SUMS = ['REQUESTS', 'INPUT', 'OUTPUT', 'CACHE READ', 'CACHE WRITE 5M', 'CACHE WRITE 1H', 'COST USD', 'UNPRICED']

/** `prompt-train usage`: sums of what was recorded. */
export async function run({ flags: { json, csv }, values }: Given): Promise<void> {
  if (json && csv) throw new UsageError('options "--json" and "--csv" go one at a time', HELP)
  const by = readDimensions(values.by)
  const filter = readPeriod(values, HELP)
  const rows = await withDatabase(({ exchanges }) => exchanges.usage(filter, by))
  process.stdout.write(
    json ? `${JSON.stringify({ rows: rows.map(toFields) })}\n` : csv ? toCsv(rows) : toText(rows, by),
  )
}

/** The options `--from` and `--to` of the command whose help is given. */
export function readPeriod({ from, to }: Given['values'], help: string): ExchangeFilter {
  const now = Date.now()
  const filter = {
    ...(from !== undefined && { from: parseSince('from', from, now, help) }),
    ...(to !== undefined && { to: parseSince('to', to, now, help) }),
  }
  if ((filter.from ?? 0) > (filter.to ?? now)) throw new UsageError('option "--from" is after "--to"', help)
  return filter
}

function readDimensions(text: string | undefined): readonly UsageDimension[] {
  if (text === undefined) return [...DIMENSIONS.values()]
  const named = text.split(',').map((name) => DIMENSIONS.get(name.trim()))
  if (named.includes(undefined)) {
    throw new UsageError('option "--by" is a comma list of day, domain, key and model', HELP)
  }
  return [...DIMENSIONS.values()].filter((dimension) => named.includes(dimension))
}

/** The order of the fields is part of what is printed. */
function toFields(row: UsageRow): Record<string, unknown> {
  return Object.fromEntries(FIELDS.map((field) => [field, row[field]]))
}

function toCsv(rows: readonly UsageRow[]): string {
  const lines = rows.map((row) => FIELDS.map((field) => quote(String(row[field] ?? ''))).join(','))
  return `${[FIELDS.join(','), ...lines].join('\n')}\n`
}

/** RFC 4180. Model names are the clients' own text, which a spreadsheet must not take for a formula. */
function quote(text: string): string {
  const harmless = text.replace(/^[=+@\t\r-]/, "'$&")
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}

function toText(rows: readonly UsageRow[], by: readonly UsageDimension[]): string {
  if (rows.length === 0) return 'Nothing was recorded.\n'
  const cells = rows.map((row) => [
    ...by.map((dimension) => row[dimension] ?? '-'),
    ...[row.requests, row.inputTokens, row.outputTokens, row.cacheReadTokens].map(String),
    ...[row.cacheWrite5mTokens, row.cacheWrite1hTokens].map(String),
    (row.costMicroUsd / 1e6).toFixed(6),
    String(row.unpricedRequests),
  ])
  return toTable([...by.map((dimension) => HEADINGS[dimension]), ...SUMS], cells)
}
