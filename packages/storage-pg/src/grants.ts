import { format } from './database.js'

/** Whom {@link toGrants} grants what. */
export interface GrantOptions {
  /** @default "prompt_train" */
  readonly schema?: string
  /** The role of servers: reads and writes, deletes nothing, runs no DDL. */
  readonly servingRole: string
  /** The role of `migrate` and `purge`. */
  readonly ownerRole: string
}

const GRANTS = `-- Run after prompt-train migrate, and again after each upgrade, as the owner role or an administrator.
begin;
set local role $<ownerRole:name>;
revoke all on schema $<schema:name> from public;
grant usage on schema $<schema:name> to $<servingRole:name>;
grant select on $<schema:name>.migrations to $<servingRole:name>;
grant select, insert, update on
  $<schema:name>.client_keys, $<schema:name>.client_key_uses, $<schema:name>.credentials,
  $<schema:name>.exchanges, $<schema:name>.contents, $<schema:name>.runs, $<schema:name>.parts,
  $<schema:name>.usage_daily, $<schema:name>.holds
  to $<servingRole:name>;
grant select on
  $<schema:name>.api_requests, $<schema:name>.failed_authentications, $<schema:name>.daily_tokens,
  $<schema:name>.token_usage_spikes, $<schema:name>.old_keys_in_use
  to $<servingRole:name>;
-- Makes partitions as its owner; takes nothing but a day near the present.
grant execute on function $<schema:name>.ensure_partitions to $<servingRole:name>;
commit;
`

/**
 * The statements that give the serving role its rights, as text to read and run with psql. Both roles must exist, and
 * `migrate` must have run as the owner role.
 */
export function toGrants({ schema = 'prompt_train', servingRole, ownerRole }: GrantOptions): string {
  return format(GRANTS, { schema, servingRole, ownerRole })
}
