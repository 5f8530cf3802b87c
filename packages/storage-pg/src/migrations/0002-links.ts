import type { Migration } from './index.js'

/** What links exchanges is read with their records, by domain and time: it needs no index of its own. */
export const links: Migration = {
  id: 2,
  name: 'links',
  breaking: false,
  sql: `
-- JSON of keyed digests. Null where the bodies were not looked into.
alter table $<schema:name>.exchanges add column links text;
`,
}
