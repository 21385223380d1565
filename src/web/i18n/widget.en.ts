/** Widget texts in English. Keys that a group may replace with its own words stand first. */
import { sharedEn } from './shared.en.ts';

export const widgetEn = {
  ...sharedEn,

  title: 'Hello there',
  description: 'Ask us anything. A person answers, right here.',
  welcome: 'Hi! How can we help you today?',
  offline: 'Nobody is at the desk right now. Write anyway: the next colleague who comes in will answer you here.',
  thanks: 'Thank you. Your opinion helps us get better.',
  consent: 'By writing to us you agree that we use what you tell us to answer you.',
  encrypted: 'Messages are encrypted in transit.',
  privacy: 'Privacy policy',

  open: 'Open chat',
  'open.unread': 'Open chat, {count} unread',
  close: 'Close chat',
  panel: 'Chat with {company}',
  back: 'Back to overview',
  online: 'We are online',
  away: 'We are away at the moment',
  start: 'Start a conversation',
  'start.hint': 'We answer as soon as we can',
  'start.again': 'Start a new conversation',
  yours: 'Your conversations',
  'yours.more': 'Show all',
  you: 'You',
  'row.ended': 'Ended',
  'row.unread': '{count} unread',
  notices: 'Privacy and security',
  poweredBy: 'Powered by Centralino',

  newTitle: 'New conversation',
  waiting: 'Waiting for an agent',
  'waiting.hint': 'You are in the queue. You can go on writing.',
  served: 'is here for you',
  ended: 'Conversation ended',
  placeholder: 'Write a message…',
  menu: 'More actions',
  video: 'Video call',
  audio: 'Audio call',
  download: 'Download transcript',
  end: 'End conversation',
  'end.sure': 'End this conversation?',
  'end.hint': 'You can start a new one at any time.',

  'notice.taken': '{name} joined the conversation',
  'notice.joined': '{name} joined the conversation',
  'notice.left': '{name} left the conversation',
  'notice.requeued': '{name} lost the connection. You kept your place: a colleague takes over.',
  'notice.requeued.someone': 'The agent lost the connection. You kept your place: a colleague takes over.',
  'notice.ended.you': 'You ended the conversation',
  'notice.ended.agent': '{name} ended the conversation',
  'notice.ended': 'The conversation has ended',

  'link.refused': 'The chat is not available at the moment.',

  'rate.title': 'How was this conversation?',
  'rate.star': '{count} of 5 stars',
  'rate.up': 'Good',
  'rate.down': 'Not good',
  'rate.comment': 'What could we do better? (optional)',
  'rate.send': 'Send rating',
} as const;

export type WidgetKey = keyof typeof widgetEn;
