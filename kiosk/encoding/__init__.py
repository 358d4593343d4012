"""Writing cards at the chapter's desk.

Theory of operation. `batch` reads which codes are to be written, `progress` remembers which have
been. `tags` makes of the card on the reader something that can be looked at and written, by
`type2` or `type4`; `choice` says what is to be done with what was found; `desk` does it, card by
card, with the questions that `terminal` asks.

A card may be lifted at any moment. So its message is made empty first, then its content is written,
and its length last: until then the card reads as empty, or as garbled, and never as another's. It
is written once more from the beginning then. A card counts as done when every byte has been read
back.
"""
