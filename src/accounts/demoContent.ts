/** What the demo account consists of. */
import { outboundRules, videoDefaults } from '../../queues/config.ts';

const outcomes = [
  { id: 'solved', name: 'Solved', kind: 'OK' },
  { id: 'forwarded', name: 'Passed on', kind: 'OK' },
  { id: 'unsolved', name: 'Not solved', kind: 'KO' },
  { id: 'spam', name: 'Spam', kind: 'KO' },
];

export const demoQueues = [
  { name: 'Support', mode: 'manual', is_outcome_required: true, outcomes },
  {
    name: 'Sales',
    mode: 'balanced',
    wrap_up_ms: 15_000,
    rating: 'thumbs',
    outcomes: [
      { id: 'sold', name: 'Sold', kind: 'OK' },
      { id: 'interested', name: 'Interested', kind: 'OK' },
      { id: 'lost', name: 'Lost', kind: 'KO' },
    ],
  },
  {
    name: 'Sales line',
    channel: 'voice',
    mode: 'longest_idle',
    wrap_up_ms: 15_000,
    rating: 'none',
    outcomes: [
      { id: 'sold', name: 'Sold', kind: 'OK' },
      { id: 'interested', name: 'Interested', kind: 'OK' },
      { id: 'lost', name: 'Lost', kind: 'KO' },
    ],
  },
] as const;

/** What is dialled to reach a voice queue. */
export const demoNumbers = [{ number: '100', label: 'Sales', queue: 'Sales line' }] as const;

/** VOX-6: as soon as a trunk is made, ordinary Italian numbers can be called, and no others. */
export const demoOutbound = outboundRules.parse({ homeCountry: 'IT', countries: ['IT'] });

export const demoGroups = [
  {
    publicId: 'demo',
    name: 'Demo shop',
    queue: 'Support',
    texts: {
      en: {
        title: 'Demo shop',
        description: 'Questions about an order? We are here.',
        welcome: 'Hi! How can we help you today?',
        thanks: 'Thank you for your time.',
      },
      it: {
        title: 'Negozio demo',
        description: 'Domande su un ordine? Siamo qui.',
        welcome: 'Ciao! Come possiamo aiutarti oggi?',
        thanks: 'Grazie del tuo tempo.',
        videoPolicy: 'Ci vediamo e ci sentiamo solo durante la chiamata. Nulla viene registrato. Può spegnere la videocamera quando vuole.',
      },
    },
    appearance: { side: 'right' },
    video: {
      ...videoDefaults,
      isOn: true,
      policy: 'We see and hear each other during the call only. Nothing is recorded. You can switch your camera off at any time.',
    },
  },
  {
    publicId: 'demo-sales',
    name: 'Demo sales',
    queue: 'Sales',
    texts: {
      en: {
        title: 'Talk to sales',
        description: 'Prices, offers, advice.',
        welcome: 'Hello! What are you looking for?',
        thanks: 'Thank you, see you soon.',
      },
      it: {
        title: 'Parla con le vendite',
        description: 'Prezzi, offerte, consigli.',
        welcome: 'Buongiorno! Che cosa sta cercando?',
        thanks: 'Grazie, a presto.',
      },
    },
    appearance: { side: 'right', accent: '#0f766e' },
    video: videoDefaults,
  },
] as const;

export const demoSkills = [
  { name: 'English', description: 'Spoken and written' },
  { name: 'Italiano', description: 'Parlato e scritto' },
  { name: 'Returns', description: 'Broken, wrong or late parcels' },
] as const;

/** `about` is printed beside the sign-in; `skills` are levels by name; `interrupts`: chats and one video go together; `phone` is the name of a SIP phone. */
export const demoPeople = [
  {
    email: 'giulia@demo.example',
    name: 'Giulia Rossi',
    role: 'super_admin',
    about: 'administrator and supervisor',
    serves: [],
    supervises: ['Support', 'Sales', 'Sales line'],
    skills: {},
    interrupts: [],
    phone: 'Test phone',
  },
  {
    email: 'anna@demo.example',
    name: 'Anna Bianchi',
    role: 'member',
    about: 'agent',
    serves: ['Support', 'Sales', 'Sales line'],
    supervises: [],
    skills: { English: 8, Italiano: 10 },
    interrupts: ['video>chat', 'chat>video'],
    phone: 'Anna',
  },
  {
    email: 'marco@demo.example',
    name: 'Marco Verdi',
    role: 'member',
    about: 'agent',
    serves: ['Support', 'Sales', 'Sales line'],
    supervises: [],
    skills: { Italiano: 10, Returns: 5 },
    interrupts: ['video>chat', 'chat>video'],
    phone: 'Marco',
  },
] as const;
