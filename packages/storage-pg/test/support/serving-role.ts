import { randomBytes } from 'node:crypto'
import { toGrants } from '@agent-prompt-train/storage-pg'
import { inject } from 'vitest'
import { createTestDatabase, query, type TestDatabase } from './databases.js'

/** A migrated database with both roles, as the documentation sets it up. */
export interface RoledDatabase extends TestDatabase {
  /** As the owner role. */
  readonly ownerUrl: string
  /** As the serving role. */
  readonly servingUrl: string
  /** The name of the serving role. */
  readonly servingRole: string
}

/** Creates a copy of the migrated database, for tests that say nothing of roles: all goes through the serving role. */
export async function createRoledDatabase(): Promise<RoledDatabase> {
  const database = await createTestDatabase(inject('postgresUrl'), inject('postgresTemplate'))
  const suffix = randomBytes(6).toString('hex')
  const [ownerRole, servingRole] = [`owner_${suffix}`, `serving_${suffix}`]
  const password = 'FAKE-role-password'
  await database.db.multi(
    `create role $<ownerRole:name> login password $<password>;
    create role $<servingRole:name> login password $<password>;
    alter schema prompt_train owner to $<ownerRole:name>`,
    { ownerRole, servingRole, password },
  )
  const owned = await database.db.any<{ statement: string }>(
    `select format('alter table %s owner to %I', oid::regclass, $1) as statement from pg_class
    where relnamespace = 'prompt_train'::regnamespace and relkind in ('r', 'p', 'v')
    union all
    select format('alter function %s owner to %I', oid::regprocedure, $1) from pg_proc
    where pronamespace = 'prompt_train'::regnamespace`,
    [ownerRole],
  )
  for (const { statement } of owned) await database.db.none(statement)
  await database.db.multi(toGrants({ servingRole, ownerRole }))
  return {
    ...database,
    ownerUrl: database.urlAs(ownerRole, password),
    servingUrl: database.urlAs(servingRole, password),
    servingRole,
    async drop() {
      await database.drop()
      await query(inject('postgresUrl'), 'drop role $1:name, $2:name', [ownerRole, servingRole])
    },
  }
}
