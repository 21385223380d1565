-- Short numbers of SIP phones, dialled by colleagues; one for each within the account. Null: none yet, or an outside number.
alter table phone add column extension text check (extension ~ '^[1-9][0-9]{1,7}$');
create unique index phone_extension on phone (account_id, extension);
