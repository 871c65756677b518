// An OpenID provider for tests: one client, people by name, any password. Settings come as JSON in PROVIDER.
import { Provider } from 'oidc-provider';

const wanted = JSON.parse(process.env.PROVIDER);
const issuer = `http://localhost:${wanted.port}`;
const people = wanted.people;

const provider = new Provider(issuer, {
  clients: wanted.clients,
  pkce: { required: () => true },
  claims: {
    openid: ['sub'],
    email: ['email', 'email_verified'],
    profile: ['preferred_username', 'given_name', 'family_name', 'groups'],
  },
  cookies: { keys: ['only for tests'] },
  ttl: { AccessToken: 60, AuthorizationCode: 60, IdToken: 600, Interaction: 600, Session: 600, Grant: 600 },
  findAccount: (_context, name) =>
    people[name] && { accountId: name, claims: () => ({ sub: name, ...people[name] }) },
});
provider.listen(wanted.port, '127.0.0.1', () => process.stdout.write('listening\n'));
