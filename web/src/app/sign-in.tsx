import { useState } from 'preact/hooks';
import { messageOf } from '../api/client.js';
import { access, signedOutBecause, signIn } from '../api/session.js';
import { Button } from '../ui/button.js';
import { Input } from '../ui/field.js';
import { Icon } from '../ui/icon.js';
import { Brand } from './brand.js';

/** The sign-in with an API key, or at the configured issuer. */
export function SignIn() {
  const [key, setKey] = useState('');
  const [error, setError] = useState<string>();
  const oidc = access.value?.oidc;
  const because = signedOutBecause.value;
  const atIssuer = async () => {
    if (!oidc) return;
    try {
      const { startSignIn } = await import('./oidc.js');
      await startSignIn(oidc);
    } catch (failure) {
      setError(messageOf(failure));
    }
  };
  return (
    <main class="sign-in">
      <div>
        <Brand />
        <section class="card" aria-labelledby="sign-in-title">
          <header class="card-header">
            <h1 id="sign-in-title">Sign in</h1>
          </header>
          <div class="card-body">
            {because && (
              <p class="notice" role="alert">
                <Icon name="info" size={16} /> {because}
              </p>
            )}
            {oidc && (
              <Button kind="primary" icon="user" onClick={() => void atIssuer()}>
                Sign in at {new URL(oidc.issuer).host}
              </Button>
            )}
            <form
              class="form"
              onSubmit={(event) => {
                event.preventDefault();
                const trimmed = key.trim();
                if (/^[\w.~+/=-]+$/.test(trimmed)) signIn(trimmed);
                else setError('This is not an API key. A key begins with ok_ and has no spaces.');
              }}
            >
              <Input
                label="API key"
                type="password"
                value={key}
                onInput={setKey}
                isRequired
                autoComplete="current-password"
                error={error}
                hint="An operator creates keys with `orders keys create`. This tab keeps yours until it is closed."
              />
              <Button type="submit" kind={oidc ? 'secondary' : 'primary'} icon="keys">
                Sign in with a key
              </Button>
            </form>
          </div>
        </section>
      </div>
    </main>
  );
}
