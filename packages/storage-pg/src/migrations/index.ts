import { initial } from './0001-initial.js'
import { links } from './0002-links.js'
import { cost } from './0003-cost.js'
import { runs } from './0004-runs.js'
import { narrowIndexes } from './0005-narrow-indexes.js'

/** One step of the schema's history. Never edited once released. */
export interface Migration {
  readonly id: number
  readonly name: string
  /** Whether code that does not know it must not work on the schema any more. */
  readonly breaking: boolean
  /** Statements with `$<schema:name>` for the schema, and `$<schema>` for its name as text. */
  readonly sql: string
}

/** The schema's history, oldest first. */
export const migrations: readonly Migration[] = [initial, links, cost, runs, narrowIndexes]
