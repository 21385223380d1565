-- Where requests to the trunk go first, host[:port], and what we sign in with where it is not the user of our address there. Empty: none, the same.
alter table trunk add column outbound_proxy text not null default '';
alter table trunk add column auth_username text not null default '';
