import type { UsageDimension, UsageRow } from '@agent-prompt-train/core'
import type { Given } from '../commands.js'
import { withDatabase } from '../database.js'
import { toTable } from '../table.js'
import { UsageError } from '../usage-error.js'
import { listUnpriced, readFilter, toUnpricedText } from '../usage-filter.js'
import { recompute } from './usage-recompute.js'

const HELP = 'prompt-train usage'
const DIMENSIONS: ReadonlyMap<string, UsageDimension> = new Map([
  ['day', 'day'],
  ['domain', 'domain'],
  ['key', 'keyId'],
  ['model', 'model'],
])
const FIELDS = [
  ...['day', 'domain', 'keyId', 'model', 'requests', 'inputTokens', 'outputTokens', 'cacheReadTokens'],
  ...['cacheWrite5mTokens', 'cacheWrite1hTokens', 'costMicroUsd', 'unpricedRequests', 'notionalMicroUsd'],
] as readonly (keyof UsageRow)[]
const HEADINGS: Readonly<Record<UsageDimension, string>> = {
  day: 'DAY',
  domain: 'DOMAIN',
  keyId: 'KEY',
  model: 'MODEL',
}
const SUMS = [
  ...['REQUESTS', 'INPUT', 'OUTPUT', 'CACHE READ', 'CACHE WRITE 5M', 'CACHE WRITE 1H'],
  ...['COST USD', 'NOTIONAL USD', 'UNPRICED'],
]
/** `prompt-train usage`: sums of what was recorded; with `--recompute`, its cost anew. */
export async function run({ flags, values }: Given): Promise<void> {
  const { json, csv } = flags
  if (json && csv) throw new UsageError('options "--json" and "--csv" go one at a time', HELP)
  const filter = readFilter(values, HELP)
  if (flags.recompute) {
    if (csv || values.by !== undefined)
      throw new UsageError('"--recompute" prints no sums: no "--by", no "--csv"', HELP)
    return recompute({ filter, json: json === true, pricesFile: values.prices ?? null })
  }
  if (values.prices !== undefined) throw new UsageError('option "--prices" goes with "--recompute"', HELP)
  const by = readDimensions(values.by)
  const { rows, unpriced } = await withDatabase(async ({ exchanges }) => ({
    rows: await exchanges.usage(filter, by),
    unpriced: await listUnpriced(exchanges, filter),
  }))
  process.stdout.write(
    json
      ? `${JSON.stringify({ rows: rows.map(toFields), unpriced })}\n`
      : csv
        ? toCsv(rows)
        : toText(rows, by) + toUnpricedText(unpriced),
  )
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
    ...[row.costMicroUsd, row.notionalMicroUsd].map((microUsd) => (microUsd / 1e6).toFixed(6)),
    String(row.unpricedRequests),
  ])
  return toTable([...by.map((dimension) => HEADINGS[dimension]), ...SUMS], cells)
}
