-- The role of the running service. It reads the log and executes the append functions. It cannot
-- change or remove an event, and it cannot insert one without the checks of an append function.
do $$
begin
  if not exists (select from pg_roles where rolname = 'orders_service') then
    begin
      create role orders_service nologin;
    exception
      when duplicate_object or unique_violation then
        null; -- Another database of this server was migrated at the same moment.
      when insufficient_privilege then
        raise exception '% may not create the role orders_service', current_user
          using hint = format('As a superuser: create role orders_service nologin; grant orders_service to %I;',
                              current_user);
    end;
  end if;
  -- A session of the service takes on this role, so its login must be a member. A superuser may
  -- take on any role.
  if not (select rolsuper from pg_roles where rolname = current_user) then
    begin
      execute format('grant orders_service to %I', current_user);
    exception when insufficient_privilege then
      if not pg_has_role(current_user, 'orders_service', 'member') then
        raise exception '% may not take on the role orders_service', current_user
          using hint = format('As a superuser: grant orders_service to %I;', current_user);
      end if;
    end;
  end if;
end
$$;

do $$
begin
  execute format('grant usage on schema %I to orders_service', current_schema());
end
$$;
revoke all on events, partition_heads, log_settings from public;
grant select on events, partition_heads, log_settings, schema_migrations, schema_functions to orders_service;
