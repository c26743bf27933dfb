import { useEffect } from 'preact/hooks';
import { api, got } from '../api/client.js';
import { isLost } from '../api/connection.js';
import { useResource } from '../api/resource.js';
import { access, caller, credential, needsSignIn, signOut } from '../api/session.js';
import { Button } from '../ui/button.js';
import { Failure, Loading } from '../ui/states.js';
import { Toasts } from '../ui/toast.js';
import { finishSignIn } from './oidc-return.js';
import { Shell } from './shell.js';
import { SignIn } from './sign-in.js';

/** The whole console: asks who the user is, and shows the shell or the sign-in. */
export function Console() {
  const rules = useResource('access', () => got(api.GET('/access')));
  useEffect(() => {
    if (!rules.data) return;
    access.value = rules.data;
    void finishSignIn(rules.data);
  }, [rules.data]);
  return (
    <>
      {access.value === undefined ? (
        <main class="sign-in">
          {rules.error ? <Failure error={rules.error} onRetry={rules.reload} /> : <Loading />}
        </main>
      ) : needsSignIn.value ? (
        <SignIn />
      ) : (
        <Identified />
      )}
      <Toasts />
    </>
  );
}

/** Finds out who the caller is, before anything is shown that depends on it. */
function Identified() {
  const who = useResource(`caller ${credential.value ?? ''}`, () => got(api.GET('/access/caller')));
  useEffect(() => {
    if (who.data) caller.value = who.data;
  }, [who.data]);
  if (caller.value) return <Shell />;
  return (
    <main class="sign-in">
      {who.error ? (
        <>
          <Failure error={who.error} onRetry={who.reload} />
          {!isLost.value && credential.value !== null && <SignOutButton />}
        </>
      ) : (
        <Loading />
      )}
    </main>
  );
}

function SignOutButton() {
  return <Button onClick={() => signOut()}>Use another key</Button>;
}
