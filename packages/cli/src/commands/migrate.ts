import { toGrants } from '@agent-prompt-train/storage-pg'
import type { Given } from '../commands.js'
import { migrateDatabase } from '../database.js'
import { readEnvironment } from '../environment.js'
import { UsageError } from '../usage-error.js'

/** `prompt-train migrate`: brings the schema up to date, or prints what the serving role is to be granted. */
export async function run({ flags: { json }, values: { grants } }: Given): Promise<void> {
  if (grants !== undefined) {
    process.stdout.write(toGrants(readRoles(grants)))
    return
  }
  const migrations = await migrateDatabase(readEnvironment({ isTerminal: false }))
  process.stdout.write(json ? `${JSON.stringify({ migrations })}\n` : toText(migrations))
}

function readRoles(text: string): { readonly servingRole: string; readonly ownerRole: string } {
  const [servingRole, ownerRole, ...rest] = text.split(',').map((role) => role.trim())
  if (servingRole && ownerRole && rest.length === 0) return { servingRole, ownerRole }
  throw new UsageError('option "--grants" is SERVING_ROLE,OWNER_ROLE', 'prompt-train migrate')
}

function toText(migrations: readonly string[]): string {
  if (migrations.length === 0) return 'The database is up to date.\n'
  return `Taken: ${migrations.join(', ')}.\n`
}
