"""The words in which a family is asked by mail, in all three languages, since nobody has noted down which is theirs."""

SUBJECT = "Miten tapaaminen sujui? · Hur gick mötet? · How was the meeting?"


def invitation(link: str) -> str:
    """Return the text of a message with *link*; it names nobody and no meeting."""
    return f"""\
Hei! Kerro meille, miten tapaaminen sujui. Vastaat nimettömästi, eikä vastausta voi yhdistää sinuun.
Linkki toimii yhden kerran.

Hej! Berätta för oss hur mötet gick. Du svarar anonymt och svaret kan inte kopplas till dig.
Länken fungerar en gång.

Hello! Tell us how the meeting was. Your answer is anonymous and cannot be connected with you.
The link works once.

{link}
"""
