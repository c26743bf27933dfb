import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { knownVariables } from '../../src/known-variables.js';
import { configurationPage, describedVariables, freshConfigurationPage } from '../support/configuration-page.js';
import { eventsPage, eventsSchema, freshEventsPage, freshEventsSchema } from '../support/events-page.js';

describe('the generated pages', () => {
  it('about events follow from the schemas of their data; otherwise run `npm run docs`', () => {
    expect(readFileSync(eventsPage, 'utf8')).to.equal(freshEventsPage());
    expect(readFileSync(eventsSchema, 'utf8')).to.equal(freshEventsSchema());
  });

  it('about the configuration follow from .env.example; otherwise run `npm run docs`', () => {
    expect(readFileSync(configurationPage, 'utf8')).to.equal(freshConfigurationPage());
  });

  it('about the configuration name every variable, with its meaning', () => {
    const described = describedVariables().flatMap(({ variables }) => variables);
    expect(described.map(({ name }) => name).sort()).to.deep.equal([...knownVariables].sort());
    for (const { name, text } of described) expect(text, name).to.match(/\w{3}/);
  });
});
