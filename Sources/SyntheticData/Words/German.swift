extension WordLists {
    static let german = Locale(
        lists: [
            .givenNames: """
            Achim,Agnes,Albert,Alexander,Alexandra,Alina,Amelie,Andrea,Andreas,Angelika,Anja,Anke,Anna,Anneliese,Anton,Antje
            Arne,Astrid,August,Barbara,Bastian,Beate,Benedikt,Bernd,Bettina,Birgit,Björn,Brigitte,Bruno,Burkhard,Carla,Carsten
            Charlotte,Christa,Christian,Christine,Christoph,Clara,Clemens,Cornelia,Dagmar,Daniel,Daniela,David,Detlef,Dieter
            Dirk,Doris,Dorothea,Eberhard,Edith,Elena,Elfriede,Elisabeth,Elke,Emil,Emilia,Emma,Erich,Erika,Ernst,Eva,Fabian
            Felix,Ferdinand,Finn,Florian,Frank,Franz,Franziska,Frieda,Friedrich,Gabriele,Georg,Gerda,Gerhard,Gisela,Greta
            Günter,Gudrun,Gustav,Hanna,Hannes,Hans,Harald,Hartmut,Hedwig,Heike,Heiko,Heinrich,Heinz,Helene,Helga,Helmut,Henning
            Herbert,Hermann,Hildegard,Holger,Horst,Ida,Ilse,Ines,Ingeborg,Ingo,Ingrid,Irene,Iris,Isabel,Jakob,Jan,Jana,Jens,Joachim
            Johanna,Johannes,Jonas,Jörg,Josef,Judith,Jule,Julia,Julian,Jürgen,Jutta,Kai,Karin,Karl,Katharina,Kathrin,Katja
            Kerstin,Kirsten,Klara,Klaus,Konrad,Kurt,Lars,Laura,Lea,Lena,Leon,Leonie,Lieselotte,Lina,Linus,Lisa,Lothar,Louis,Lukas
            Magdalena,Maja,Manfred,Manuela,Marcel,Margarete,Maria,Marianne,Marie,Marion,Markus,Marlene,Martha,Martin,Martina
            Mathilda,Matthias,Max,Maximilian,Meike,Melanie,Mia,Michael,Michaela,Mila,Monika,Moritz,Nadine,Nele,Niklas,Nils
            Nina,Norbert,Olaf,Ole,Oliver,Oskar,Otto,Patrick,Paul,Paula,Petra,Philipp,Rainer,Ralf,Regina,Reinhard,Renate
            Richard,Rita,Robert,Roland,Rolf,Rosa,Rudolf,Ruth,Sabine,Sandra,Sebastian,Silke,Silvia,Simon,Sofie,Sonja,Stefan
            Stefanie,Susanne,Sven,Svenja,Tanja,Theo,Theresa,Thomas,Thorsten,Till,Tim,Tobias,Tom,Torben,Udo,Ulrich,Ulrike
            Ursula,Ute,Uwe,Valentin,Vera,Verena,Volker,Walter,Waltraud,Werner,Wiebke,Wilhelm,Wolfgang,Yvonne
            """,
            .familyNames: """
            Ackermann,Adam,Albrecht,Althaus,Arndt,Arnold,Bach,Bachmann,Bauer,Baumann,Beck,Becker,Behrens,Berger,Bergmann,Bernhardt
            Beyer,Binder,Blum,Böhm,Brandt,Braun,Brinkmann,Brunner,Buchholz,Burger,Busch,Christ,Conrad,Daniel,Decker,Dietrich
            Dietz,Döring,Dreyer,Ebert,Eckert,Eichhorn,Engel,Ernst,Esser,Falk,Fink,Fischer,Fleischer,Förster,Frank,Franke,Freitag
            Frey,Friedrich,Fritz,Fuchs,Funk,Gärtner,Gebhardt,Geiger,Gerlach,Giese,Götz,Graf,Greiner,Grimm,Groß,Günther,Haas
            Hahn,Hansen,Hartmann,Haupt,Heck,Heinrich,Heinz,Held,Heller,Henke,Hermann,Herrmann,Herzog,Hess,Heuer,Hoffmann,Hofmann
            Hohmann,Holz,Horn,Huber,Hübner,Jacob,Jäger,Jahn,Jansen,Janssen,John,Jung,Junker,Kaiser,Kaufmann,Keller,Kern,Kessler
            Kirchner,Klein,Kluge,Knoll,Koch,Köhler,Kolb,König,Kraft,Kramer,Krämer,Kraus,Krause,Krebs,Krüger,Kuhn,Kunz,Kurz,Lange
            Lehmann,Lenz,Lindemann,Link,Lorenz,Ludwig,Lutz,Maier,Martens,Marx,Maurer,May,Mayer,Meier,Meißner,Menzel,Merkle,Metzger
            Meyer,Michel,Möller,Moser,Müller,Nagel,Naumann,Neubauer,Neumann,Nickel,Noll,Nowak,Ott,Otto,Peters,Petersen,Pfeiffer
            Philipp,Pohl,Popp,Preuß,Probst,Rauch,Reich,Reichert,Reinhardt,Reuter,Richter,Riedel,Ritter,Römer,Rose,Roth,Rudolph
            Sander,Sauer,Schäfer,Scherer,Schiller,Schlüter,Schmid,Schmidt,Schmitt,Schneider,Scholz,Schramm,Schreiber,Schröder
            Schubert,Schulte,Schulz,Schumacher,Schuster,Schwarz,Seidel,Seifert,Simon,Singer,Sommer,Stahl,Stark,Stein,Steiner
            Stephan,Stock,Straub,Thiel,Thomas,Trautmann,Ullrich,Unger,Urban,Voigt,Vogel,Vogt,Vollmer,Wagner,Walter,Weber,Wegner
            Weidner,Weiß,Weller,Wendt,Werner,Wiese,Wilhelm,Winkler,Winter,Wirth,Witt,Wolf,Wolff,Zander,Ziegler,Zimmer,Zimmermann
            """,
            .cities: """
            Aachen,Augsburg,Bamberg,Bayreuth,Berlin,Bielefeld,Bochum,Bonn,Braunschweig,Bremen,Celle,Chemnitz,Coburg,Cottbus,Darmstadt
            Detmold,Dortmund,Dresden,Düsseldorf,Emden,Erfurt,Erlangen,Essen,Flensburg,Frankfurt,Freiburg,Fulda,Gera,Gießen,Göttingen
            Goslar,Gotha,Greifswald,Halle,Hamburg,Hameln,Hannover,Heidelberg,Heilbronn,Hildesheim,Ingolstadt,Jena,Karlsruhe,Kassel
            Kempten,Kiel,Koblenz,Köln,Konstanz,Leipzig,Lindau,Lübeck,Lüneburg,Magdeburg,Mainz,Mannheim,Marburg,Minden,München,Münster
            Nürnberg,Oldenburg,Osnabrück,Paderborn,Passau,Potsdam,Regensburg,Rostock,Saarbrücken,Schwerin,Siegen,Stralsund,Stuttgart
            Trier,Tübingen,Ulm,Weimar,Wiesbaden,Wismar,Worms,Wuppertal,Würzburg,Zwickau
            """,
            .streets: """
            Ahornweg,Am_Bach,Am_Markt,Amselweg,An_der_Mühle,Auf_dem_Berg,Bachstraße,Bahnhofstraße,Bergstraße,Birkenweg,Blumenstraße
            Brückenstraße,Brunnenweg,Buchenweg,Burgstraße,Dorfstraße,Eichenweg,Erlenweg,Eschenweg,Feldstraße,Fichtenweg,Finkenweg
            Fliederweg,Forststraße,Friedhofstraße,Gartenstraße,Gerberstraße,Grüner_Weg,Hafenstraße,Hauptstraße,Heideweg,Hochstraße
            Hofstraße,Holunderweg,Im_Winkel,Industriestraße,Kapellenweg,Kastanienallee,Kiefernweg,Kirchgasse,Kirchstraße,Kornweg
            Lerchenweg,Lindenallee,Lindenstraße,Marktplatz,Meisenweg,Mittelstraße,Mühlenweg,Neue_Straße,Nordstraße,Obere_Gasse
            Oststraße,Parkstraße,Poststraße,Quellenweg,Ringstraße,Rosenweg,Sandweg,Schillerstraße,Schlossallee,Schulstraße
            Seestraße,Sonnenstraße,Steinweg,Südstraße,Talstraße,Tannenweg,Turmstraße,Uferweg,Ulmenweg,Untere_Gasse,Waldstraße
            Wallstraße,Weidenweg,Weinbergweg,Weststraße,Wiesenweg,Ziegelstraße,Zur_Linde
            """,
            .words: """
            Abend,alles,alt,Anfang,Apfel,Arbeit,Auge,bald,Bank,Baum,Berg,besser,Bild,bleiben,Blume,Boden,breit,Brief,Brot,Brücke,Buch
            bunt,Dach,danach,Dorf,draußen,dunkel,eben,Ecke,einfach,Ende,Ernte,erst,fahren,Farbe,Feld,Fenster,fest,Feuer,finden,flach
            Fluss,folgen,Frage,frei,frisch,früh,Frühling,führen,ganz,Garten,Gasse,geben,gehen,gelb,genau,gerade,gern,Glas,Gras,groß
            grün,gut,Hafen,halb,Hand,Haus,hell,Herbst,heute,hinter,hoch,Holz,hören,Hügel,immer,Insel,Jahr,jeder,jung,kalt,kaufen,klar
            klein,Korn,kurz,lachen,Land,lang,langsam,laufen,leicht,leise,lernen,Licht,lieben,Luft,machen,Mai,manchmal,Markt,Meer,mehr
            mild,Mitte,Monat,Mond,morgen,Mühle,nach,Nacht,nah,Nebel,neben,neu,nie,Norden,oben,oft,Ost,Papier,Pfad,Platz,rasch,Raum,Regen
            reif,ruhig,rund,Saat,sagen,Sand,schmal,Schnee,schnell,schon,schön,schreiben,Schule,sehen,Seite,selten,Silber,singen,Sommer
            Sonne,spät,Spiel,Stadt,stark,Stein,Stern,still,Straße,Stunde,Süden,Tag,Tal,Teil,tief,Tisch,tragen,Tür,über,Ufer,Uhr,unten
            viel,Vogel,voll,vorn,Wald,wandern,warm,warten,Wasser,Weg,weich,Weile,Weizen,Welle,Welt,wenig,Wetter,Wiese,Wind,Winter
            Woche,wohnen,Wolke,Wort,zeigen,Zeit,Ziel,zuerst,zusammen,zwischen
            """,
            .jobs: """
            Apothekerin,Architekt,Ärztin,Bäcker,Bauingenieurin,Beraterin,Buchhalter,Dachdecker,Dolmetscherin,Einkäufer,Elektrikerin
            Entwicklerin,Fotograf,Gärtnerin,Geologe,Gestalter,Illustratorin,Informatiker,Ingenieurin,Journalist,Kauffrau,Konditor
            Krankenpfleger,Lektorin,Lehrer,Leiterin,Maler,Mechanikerin,Optiker,Pilotin,Planer,Redakteurin,Sachbearbeiter,Schneiderin
            Schreiner,Technikerin,Tierarzt,Übersetzerin,Verkäufer,Vermesserin,Zahnärztin
            """,
            .products: """
            Becher,Besen,Bilderrahmen,Bleistift,Blumenvase,Brieftasche,Brotkasten,Bürolampe,Decke,Eimer,Fahrradklingel,Füller,Gartenschlauch
            Gießkanne,Glas,Hammer,Handschuhe,Handtuch,Hocker,Kaffeemühle,Kanne,Kerze,Kissen,Koffer,Kopfhörer,Korb,Laterne,Leiter
            Löffel,Notizbuch,Ordner,Pfanne,Pinsel,Regal,Regenjacke,Regenschirm,Rucksack,Schal,Schale,Schraubendreher,Schreibtisch
            Schüssel,Spiegel,Stuhl,Tablett,Tasse,Tastatur,Teekanne,Teller,Teppich,Tisch,Topf,Uhr,Wasserkocher,Werkzeugkasten
            """,
            .companies: """
            Ahornhof,Alte_Mühle,Bergblick,Birkenfeld,Blauer_Anker,Brückentor,Eichenhain,Feldstein,Goldähre,Grünland,Hafenlicht,Hochwald
            Kornspeicher,Kupferkessel,Lindenhof,Mondstein,Morgenrot,Neue_Werft,Nordlicht,Roter_Turm,Rosengarten,Sandkrug,Seeblick
            Silberbach,Sonnenhang,Steinbruch,Südwind,Talblick,Tannengrün,Waldquelle,Weite_Welt,Wiesengrund,Windrad,Zur_Brücke
            """,
        ],
        country: "DE",
        timeZone: "Europe/Berlin",
        // Reserved by the Bundesnetzagentur for films and books.
        phone: "+49 30 23125 ###",
        postcode: "#####"
    )
}
