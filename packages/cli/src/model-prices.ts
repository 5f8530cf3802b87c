import { readFileSync } from 'node:fs'
import { ConfigurationError, createRecordPricer, type PriceRow } from '@agent-prompt-train/core'

/**
 * Reads prices that go before the list prices: `{ "rows": [...] }`, as in model-prices.json.
 *
 * @param source the variable or option that names the file
 * @throws ConfigurationError that names the source, the file, and the row and field
 */
export function readModelPrices(source: string, file: string): readonly PriceRow[] {
  const rows = readRows(source, file)
  try {
    createRecordPricer(rows)
    return rows
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    throw new ConfigurationError(source, `${file}: ${error.message.replace(/^prices\b/, 'rows')}`, { cause: error })
  }
}

function readRows(source: string, file: string): readonly PriceRow[] {
  let content: unknown
  try {
    content = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    const problem = error instanceof SyntaxError ? 'is not JSON' : 'cannot be read'
    throw new ConfigurationError(source, `${file} ${problem}`, { cause: error })
  }
  const rows = typeof content === 'object' && content !== null && 'rows' in content ? content.rows : null
  if (!Array.isArray(rows)) throw new ConfigurationError(source, `${file} has no list "rows", as model-prices.json has`)
  return rows
}
