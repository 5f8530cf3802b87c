import * as z from 'zod'
import { ConfigurationError } from '../errors.js'
import published from './model-prices.json' with { type: 'json' }

/** Prices of one model in one span of time: US dollars per million tokens, which is micro-dollars per token. */
export interface PriceRow {
  /** Matches the whole model id, after it was normalised: `"^claude-opus-5-5$"`. */
  readonly pattern: string
  readonly input: number | null
  readonly output: number | null
  readonly cache_write_5m: number | null
  readonly cache_write_1h: number | null
  readonly cache_read: number | null
  /** Prices of a request whose whole prompt is longer than `prompt_tokens_above`. @default null */
  readonly above_tier?: ({ readonly prompt_tokens_above: number } & Rates) | null
  /** Prices where `usage.speed` is `"fast"`. @default null: unpriced */
  readonly fast?: Rates | null
  /** Factor where `usage.service_tier` is `"batch"`. @default 1 */
  readonly batch_multiplier?: number | null
  /** Factor where `usage.inference_geo` is `"us"`. @default 1 */
  readonly us_geo_multiplier?: number | null
  /** First day, `2026-11-09`, UTC; null for ever before. @default null */
  readonly valid_from?: string | null
  /** The day from which it no longer holds; null for ever after. @default null */
  readonly valid_to?: string | null
}

/** US dollars per million tokens. */
export interface Rates {
  readonly input: number
  readonly output: number
  readonly cache_write_5m: number
  readonly cache_write_1h: number
  readonly cache_read: number
}

/** A row that was found, with its name in records. */
export interface FoundPrice extends PriceRow {
  /** The model and the day since when the price holds, such as `"claude-opus-5-5 2026-09-22"`. */
  readonly name: string
}

/** Finds prices by model and time. */
export interface PriceTable {
  /** The row for the model at the time (epoch milliseconds), or null: nothing is guessed from a similar name. */
  find(model: string, at: number): FoundPrice | null
  /** US dollars for 1,000 web searches. */
  readonly webSearchPer1000: number
}

const amount = z.number().nonnegative()
const rates = {
  input: amount,
  output: amount,
  cache_write_5m: amount,
  cache_write_1h: amount,
  cache_read: amount,
}
const day = z.iso.date('is not a day such as 2026-11-24')
/** What rows of model-prices.json say beside their prices. */
const remarks = (...names: readonly string[]) => Object.fromEntries(names.map((name) => [name, z.unknown().optional()]))
const row = z.strictObject({
  ...remarks('ids', 'state', 'note', 'source', 'source_date', 'confidence'),
  pattern: z.string().refine(isPattern, 'is not a regular expression'),
  input: amount.nullable(),
  output: amount.nullable(),
  cache_write_5m: amount.nullable(),
  cache_write_1h: amount.nullable(),
  cache_read: amount.nullable(),
  above_tier: z.strictObject({ prompt_tokens_above: amount, ...rates, ...remarks('applies_to', 'counted') }).nullish(),
  fast: z.strictObject({ ...rates, ...remarks('beta_header', 'valid_to') }).nullish(),
  batch_multiplier: amount.nullish(),
  us_geo_multiplier: amount.nullish(),
  valid_from: day.nullish(),
  valid_to: day.nullish(),
})

/**
 * Creates the table of list prices that comes with the package, with the host's own rows before it: the first row that
 * matches counts.
 *
 * @throws ConfigurationError `prices` that names the row and field
 */
export function createPriceTable(own: readonly PriceRow[] = []): PriceTable {
  const checked = z.array(row).safeParse(own)
  if (!checked.success) {
    const issue = checked.error.issues[0]!
    const [path, message] =
      issue.code === 'unrecognized_keys'
        ? [[...issue.path, issue.keys[0]], 'is not known']
        : [issue.path, issue.message]
    throw new ConfigurationError(['prices', ...path].join('.'), message)
  }
  const rows = [...own, ...(published.rows as readonly PriceRow[])].map((price) => ({
    price,
    pattern: new RegExp(price.pattern),
    from: price.valid_from == null ? -Infinity : Date.parse(price.valid_from),
    to: price.valid_to == null ? Infinity : Date.parse(price.valid_to),
  }))
  return {
    find(model, at) {
      const id = normaliseModelId(model)
      const found = rows.find(({ pattern, from, to }) => pattern.test(id) && from <= at && at < to)
      return found === undefined
        ? null
        : { ...found.price, name: [id, found.price.valid_from].filter(Boolean).join(' ') }
    },
    webSearchPer1000: published.server_tools.web_search_requests.usd_per_1000,
  }
}

const steps = published.normalise_model_id.map(({ regex, replace }) => ({ regex: new RegExp(regex), replace }))

/** The id as the API spells it: without a cloud's prefix or revision, a gateway's vendor, or a context marker. */
export function normaliseModelId(model: string): string {
  return steps.reduce((id, { regex, replace }) => id.replace(regex, replace), model.trim())
}

function isPattern(text: string): boolean {
  try {
    new RegExp(text)
    return true
  } catch {
    return false
  }
}
