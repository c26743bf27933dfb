-- The creator of each API key, by which all keys that were made with a stolen key can be found and
-- revoked. It is "key:" and the id of the key that called the API, the subject of a token, or
-- "operator:" and the user of the command line. Null for keys from before this column.
alter table api_keys add column created_by text;
