import type { Migration } from './index.js'

/** The request id, half of each entry, only told exchanges of one millisecond apart: those few are sorted when read. */
export const narrowIndexes: Migration = {
  id: 5,
  name: 'narrow-indexes',
  breaking: false,
  sql: `
drop index $<schema:name>.exchanges_started_at_request_id_idx;
drop index $<schema:name>.exchanges_domain_started_at_request_id_idx;
drop index $<schema:name>.exchanges_key_id_started_at_request_id_idx;
drop index $<schema:name>.exchanges_model_started_at_request_id_idx;
drop index $<schema:name>.exchanges_status_started_at_request_id_idx;
create index on $<schema:name>.exchanges (started_at);
create index on $<schema:name>.exchanges (domain, started_at);
create index on $<schema:name>.exchanges (key_id, started_at);
create index on $<schema:name>.exchanges (model, started_at);
create index on $<schema:name>.exchanges (status, started_at) where status <> 200;
`,
}
